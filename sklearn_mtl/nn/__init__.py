"""Stacked networks in torch: every parameter carries a leading member axis."""

from sklearn_mtl.nn._activations import ACTIVATIONS, MAXOUT
from sklearn_mtl.nn._backprop import Backprop, Forward
from sklearn_mtl.nn._decoder import Decoder
from sklearn_mtl.nn._latent import Latent
from sklearn_mtl.nn._layers import Dropout, Noise, StackedLinear
from sklearn_mtl.nn._links import HeadLinks, Links
from sklearn_mtl.nn._network import MultiTaskNetwork
from sklearn_mtl.nn._pieces import PiecewiseLinear

__all__ = [
    "ACTIVATIONS",
    "MAXOUT",
    "Backprop",
    "Decoder",
    "Dropout",
    "Forward",
    "HeadLinks",
    "Latent",
    "Links",
    "MultiTaskNetwork",
    "Noise",
    "PiecewiseLinear",
    "StackedLinear",
]
