"""Ways of balancing: from the losses of all tasks to one loss a member.

The only place where the losses of tasks meet. A way of one's own is one subclass of
`Balancing`; an instance of it goes into the estimators' ``balancing``.
"""

from sklearn_mtl.balancing._base import Balancing
from sklearn_mtl.balancing._fixed import FixedWeights
from sklearn_mtl.balancing._pcgrad import PCGrad
from sklearn_mtl.balancing._uncertainty import UncertaintyWeighting

BALANCING: dict[str, type[Balancing]] = {
    "fixed": FixedWeights,
    "uncertainty": UncertaintyWeighting,
    "pcgrad": PCGrad,
}
"""Ways of balancing that a name may say."""

__all__ = [
    "BALANCING",
    "Balancing",
    "FixedWeights",
    "PCGrad",
    "UncertaintyWeighting",
]
