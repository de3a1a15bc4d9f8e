"""Stacked networks in torch: every parameter carries a leading member axis."""

from sklearn_mtl.nn._activations import ACTIVATIONS, MAXOUT
from sklearn_mtl.nn._binned import PiecewiseLinear
from sklearn_mtl.nn._cross_stitch import CrossStitch
from sklearn_mtl.nn._decoder import Decoder
from sklearn_mtl.nn._dselect_k import DSelectK
from sklearn_mtl.nn._grow import hand_on, held_parameters, shares_parameters
from sklearn_mtl.nn._hard_sharing import HardSharing
from sklearn_mtl.nn._hidden_units import HiddenUnits
from sklearn_mtl.nn._latent import Latent
from sklearn_mtl.nn._layer import (
    AutogradPass,
    Binding,
    Chain,
    Layer,
    Pass,
    bind,
    check_is_module,
)
from sklearn_mtl.nn._layered_extraction import LayeredExtraction
from sklearn_mtl.nn._layers import HiddenLayer, StackedLinear
from sklearn_mtl.nn._links import Links
from sklearn_mtl.nn._mixture_of_experts import MixtureOfExperts
from sklearn_mtl.nn._network import MultiTaskNetwork
from sklearn_mtl.nn._network_pass import Joint, NetworkPass
from sklearn_mtl.nn._no_sharing import NoSharing
from sklearn_mtl.nn._partial_layer import PartialHiddenLayer
from sklearn_mtl.nn._random import Drawing, Dropout, MemberDraws, Noise
from sklearn_mtl.nn._reconstruction import Autoencoder, VariationalAutoencoder
from sklearn_mtl.nn._select_members import (
    can_select_members,
    put_members_back,
    select_members,
)
from sklearn_mtl.nn._shared_factors import SharedFactors
from sklearn_mtl.nn._sharing import Sharing
from sklearn_mtl.nn._soft_sharing import SoftSharing
from sklearn_mtl.nn._stored_generator import StoredGenerator

SHARING: dict[str, type[Sharing]] = {
    "hard": HardSharing,
    "none": NoSharing,
    "soft": SoftSharing,
    "cross_stitch": CrossStitch,
    "mmoe": MixtureOfExperts,
    "ple": LayeredExtraction,
    "dselect_k": DSelectK,
    "factors": SharedFactors,
}
"""Ways of sharing that a name may say."""

__all__ = [
    "ACTIVATIONS",
    "MAXOUT",
    "SHARING",
    "Autoencoder",
    "AutogradPass",
    "Binding",
    "Chain",
    "CrossStitch",
    "DSelectK",
    "Decoder",
    "Drawing",
    "Dropout",
    "HardSharing",
    "HiddenLayer",
    "HiddenUnits",
    "Joint",
    "Latent",
    "Layer",
    "LayeredExtraction",
    "Links",
    "MemberDraws",
    "MixtureOfExperts",
    "MultiTaskNetwork",
    "NetworkPass",
    "NoSharing",
    "Noise",
    "PartialHiddenLayer",
    "Pass",
    "PiecewiseLinear",
    "SharedFactors",
    "Sharing",
    "SoftSharing",
    "StackedLinear",
    "StoredGenerator",
    "VariationalAutoencoder",
    "bind",
    "can_select_members",
    "check_is_module",
    "hand_on",
    "held_parameters",
    "put_members_back",
    "select_members",
    "shares_parameters",
]
