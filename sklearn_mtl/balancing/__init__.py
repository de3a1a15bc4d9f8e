"""Ways of balancing: from the losses of all tasks to one loss a member.

The only place where the losses of tasks meet. A way of one's own is one subclass of
`Balancing`; an instance of it goes into the estimators' ``balancing``.
"""

from sklearn_mtl.balancing._aligned import AlignedMTL
from sklearn_mtl.balancing._base import Balancing
from sklearn_mtl.balancing._cagrad import CAGrad
from sklearn_mtl.balancing._dwa import DynamicWeightAverage
from sklearn_mtl.balancing._excess import ExcessMTL
from sklearn_mtl.balancing._famo import FAMO
from sklearn_mtl.balancing._fixed import FixedWeights
from sklearn_mtl.balancing._gls import GeometricLoss
from sklearn_mtl.balancing._gradnorm import GradNorm
from sklearn_mtl.balancing._imtl_g import IMTLG
from sklearn_mtl.balancing._mgda import MGDA
from sklearn_mtl.balancing._nash import NashMTL
from sklearn_mtl.balancing._pcgrad import PCGrad
from sklearn_mtl.balancing._rlw import RandomLossWeighting
from sklearn_mtl.balancing._stch import SmoothTchebycheff
from sklearn_mtl.balancing._uncertainty import UncertaintyWeighting
from sklearn_mtl.balancing._upgrad import UPGrad
from sklearn_mtl.balancing._weighting import GramianWeighting

BALANCING: dict[str, type[Balancing]] = {
    "fixed": FixedWeights,
    "uncertainty": UncertaintyWeighting,
    "rlw": RandomLossWeighting,
    "dwa": DynamicWeightAverage,
    "gls": GeometricLoss,
    "stch": SmoothTchebycheff,
    "famo": FAMO,
    "excess": ExcessMTL,
    "gradnorm": GradNorm,
    "pcgrad": PCGrad,
    "mgda": MGDA,
    "cagrad": CAGrad,
    "imtl_g": IMTLG,
    "nash": NashMTL,
    "upgrad": UPGrad,
    "aligned": AlignedMTL,
}
"""Ways of balancing that a name may say."""

__all__ = [
    "BALANCING",
    "FAMO",
    "IMTLG",
    "MGDA",
    "AlignedMTL",
    "Balancing",
    "CAGrad",
    "DynamicWeightAverage",
    "ExcessMTL",
    "FixedWeights",
    "GeometricLoss",
    "GradNorm",
    "GramianWeighting",
    "NashMTL",
    "PCGrad",
    "RandomLossWeighting",
    "SmoothTchebycheff",
    "UPGrad",
    "UncertaintyWeighting",
]
