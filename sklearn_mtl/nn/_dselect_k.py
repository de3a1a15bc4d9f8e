"""A few of the experts for each task, chosen while training."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

from sklearn.utils._param_validation import Interval

from sklearn_mtl.nn._hidden_units import HiddenUnits
from sklearn_mtl.nn._mixture import Mixture
from sklearn_mtl.nn._selector_gates import SelectorGates


class DSelectK(Mixture):
    r"""Experts that all tasks share, of which each task selects a few [1]_.

    Task :math:`t` reads :math:`\sum_j w_{tj} \sum_e r_{tje} f_e(x)`, where each expert
    :math:`f_e` is a trunk of `hidden_layer_sizes`, :math:`w_t` a softmax over k
    selectors, and :math:`r_{tje} = \prod_b S(z_{tjb})` or :math:`1 - S(z_{tjb})`, as
    digit b of e in binary is 1 or 0. The smooth step

    .. math::

        S(z) = \tfrac12 + \tfrac{3}{2 \gamma} z - \tfrac{2}{\gamma^3} z^3
        \quad \text{for } |z| < \gamma / 2

    is 0 below and 1 above, so that a selector comes to choose one expert, and the task
    reads at most k. To the loss of each task is added the entropy of its selectors
    times `entropy_penalty` and, where `n_experts` is no power of 2, the reciprocal of
    what each selector gives to experts that exist.

    Parameters
    ----------
    n_experts : int, default=4
        Trunks that columns choose among.
    n_selected : int, default=2
        Largest number k of experts of a task; not above `n_experts`.
    gamma : float, default=1.0
        Width of the smooth step.
    entropy_penalty : float, default=0.1
        The larger, the sooner each selector has one expert. It is the same in all
        epochs; the source lets it grow.
    by_row : bool, default=False
        Whether :math:`w` and :math:`z` are linear maps of the features, so that the
        experts of a task differ from row to row. The penalty is then a mean over the
        rows of a batch, which the source sums.

    See Also
    --------
    MixtureOfExperts : Lets a gate a task mix experts that all share.

    References
    ----------
    .. [1] H. Hazimeh, Z. Zhao, A. Chowdhery, M. Sathiamoorthy, Y. Chen, R. Mazumder, L.
       Hong, E. Chi, "DSelect-k: Differentiable Selection in the Mixture of Experts with
       Applications to Multi-Task Learning", NeurIPS 2021.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import make_multitask
    >>> from sklearn_mtl.nn import DSelectK
    >>> X, y = make_multitask(100, n_features=4, n_tasks=3, random_state=0)
    >>> net = MultiTaskNetRegressor(
    ...     sharing=DSelectK(n_experts=8, n_selected=2),
    ...     hidden_layer_sizes=(8,),
    ...     n_members=1,
    ...     learning_rate_init=0.03,
    ...     early_stopping=False,
    ...     max_iter=30,
    ...     random_state=0,
    ... ).fit(X, y)
    >>> (net.gate_usage_ > 0).sum(axis=1) <= 2  # of 8 experts
    array([ True,  True,  True])
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "n_experts": [Interval(Integral, 2, None, closed="left")],
        "n_selected": [Interval(Integral, 1, None, closed="left")],
        "gamma": [Interval(Real, 0, None, closed="neither")],
        "entropy_penalty": [Interval(Real, 0, None, closed="left")],
        "by_row": ["boolean"],
    }

    def __init__(
        self,
        n_experts: int = 4,
        n_selected: int = 2,
        gamma: float = 1.0,
        entropy_penalty: float = 0.1,
        by_row: bool = False,
    ) -> None:
        super().__init__()
        self.n_experts, self.n_selected, self.gamma = n_experts, n_selected, gamma
        self.entropy_penalty, self.by_row = entropy_penalty, by_row

    def make_gates(
        self, n_members: int, n_tasks: int, n_features: int, hidden: HiddenUnits
    ) -> SelectorGates:
        """Make a gate of `n_selected` selectors for each task."""
        if self.n_selected > self.n_experts:
            raise ValueError(
                f"n_selected={self.n_selected} of {self!r} asks for more experts than "
                f"n_experts={self.n_experts}. Set it to {self.n_experts} or fewer."
            )
        return SelectorGates(
            n_members,
            n_features,
            n_tasks,
            self.n_experts,
            n_selectors=self.n_selected,
            gamma=self.gamma,
            entropy_penalty=self.entropy_penalty,
            by_row=self.by_row,
            draws=hidden.draws,
        )
