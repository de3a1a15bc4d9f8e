"""Experts under gates that look at the row."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

from sklearn.utils._param_validation import Interval

from sklearn_mtl.nn._gates import SoftmaxGates
from sklearn_mtl.nn._hidden_units import HiddenUnits
from sklearn_mtl.nn._mixture import Mixture


class MixtureOfExperts(Mixture):
    r"""Experts that all tasks share, and a gate a task: MMoE [1]_.

    Task :math:`t` reads :math:`\sum_e g_{te}(x) f_e(x)`, where each expert :math:`f_e`
    is a trunk of `hidden_layer_sizes` and :math:`g_t(x)` the softmax of a linear map of
    the features.

    Parameters
    ----------
    n_experts : int, default=4
        Trunks that each column mixes.

    See Also
    --------
    DSelectK : Lets each task select a few experts.
    LayeredExtraction : Gives each task experts of its own, too.

    References
    ----------
    .. [1] J. Ma, Z. Zhao, X. Yi, J. Chen, L. Hong, E. Chi, "Modeling Task Relationships
       in Multi-task Learning with Multi-gate Mixture-of-Experts", KDD 2018.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import make_multitask
    >>> from sklearn_mtl.nn import MixtureOfExperts
    >>> X, y = make_multitask(100, n_features=4, n_tasks=3, random_state=0)
    >>> net = MultiTaskNetRegressor(
    ...     sharing=MixtureOfExperts(n_experts=2),
    ...     hidden_layer_sizes=(8,),
    ...     n_members=5,
    ...     max_iter=5,
    ...     random_state=0,
    ... ).fit(X, y)
    >>> net.gate_usage_.shape  # tasks, experts of all members
    (3, 10)
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "n_experts": [Interval(Integral, 1, None, closed="left")]
    }

    def __init__(self, n_experts: int = 4) -> None:
        super().__init__()
        self.n_experts = n_experts

    def make_gates(
        self, n_members: int, n_tasks: int, n_features: int, hidden: HiddenUnits
    ) -> SoftmaxGates:
        """Make a gate that looks at the row for each task."""
        return SoftmaxGates(
            n_members, n_features, n_tasks, self.n_experts, hidden.draws
        )
