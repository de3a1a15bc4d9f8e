"""Which experts serve which column, as a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_mtl.inspection._teams import parts_of
from sklearn_mtl.plotting._checks import check_axes, is_sequence, numbers_of
from sklearn_mtl.plotting._names import short_names

MOST_NUMBERS = 12
"""With more experts, cells are too small for numbers."""
DARK = 0.6
"""Share from which cells are so dark that numbers are white."""


class GateUsageDisplay:
    """Heat map of how much of what each column reads comes from each expert.

    A row for each column of y and, member after member, a cell for each expert; lines
    part the members, of which each numbers its experts in its own order. The cells of a
    column and member sum to 1. Two columns with dark cells at the same experts share
    what these learn. Grey rows are columns that went on alone or had nothing to learn
    from.

    Use `from_estimator` to make one.

    Parameters
    ----------
    gate_usage : ndarray of shape (n_tasks, n_members * n_experts)
        As the attribute ``gate_usage_`` of an estimator.
    task_names : sequence of str
        Names of the columns of y.
    n_members : int
        Networks in the stack.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    im_ : matplotlib AxesImage
        The heat map.

    See Also
    --------
    TaskAffinityDisplay : What each column does for each other one.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import load_energy_efficiency
    >>> from sklearn_mtl.plotting import GateUsageDisplay
    >>> X, y = load_energy_efficiency(return_X_y=True, as_frame=True)
    >>> net = MultiTaskNetRegressor(
    ...     sharing="mmoe", hidden_layer_sizes=(16,), n_members=2, max_iter=5
    ... ).fit(X, y)
    >>> display = GateUsageDisplay.from_estimator(net)
    >>> display.im_.get_array().shape  # 4 experts of each of 2 members
    (2, 8)
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['heating_load', 'cooling_load']
    """

    def __init__(
        self, gate_usage: np.ndarray, *, task_names: Sequence[str], n_members: int
    ) -> None:
        self.gate_usage = gate_usage
        self.task_names = task_names
        self.n_members = n_members

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> GateUsageDisplay:
        """Draw the gates of a fitted estimator.

        Parameters
        ----------
        estimator : fitted MultiTaskNetEstimator, or a Pipeline that ends in one
            One whose way of sharing has gates.
        ax : matplotlib Axes, default=None
            A new figure by default.

        Returns
        -------
        GateUsageDisplay

        Raises
        ------
        AttributeError
            Its way of sharing has no gates.
        """
        check_axes(ax)
        _, estimator = parts_of(estimator)
        check_is_fitted(estimator)
        display = cls(
            estimator.gate_usage_,
            task_names=[task.name_ for task in estimator.tasks_],
            n_members=len(estimator.net_.task_weight),
        )
        return display.plot(ax=ax)

    def plot(self, ax: Any = None) -> GateUsageDisplay:
        """Draw the heat map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            A new figure by default.

        Returns
        -------
        self
            The display, with its `ax_` and `figure_`.
        """
        check_axes(ax)
        shares = self._shares()
        n_tasks, n_cells = shares.shape
        names = short_names(self.task_names)
        if ax is None:
            import matplotlib.pyplot as plt

            size = _size_of_figure(n_tasks, n_cells, max(map(len, names)))
            _, ax = plt.subplots(figsize=size, layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        self._draw_cells(shares)
        self._name_experts(n_cells // self.n_members)
        bar = self.figure_.colorbar(self.im_, ax=ax, shrink=0.9)
        bar.set_label("share by the gate", fontsize=9)
        bar.ax.tick_params(labelsize=8)
        ax.set_yticks(range(n_tasks), names, fontsize=8)
        ax.set_ylabel("column of y", fontsize=9)
        return self

    def _shares(self) -> np.ndarray:
        """Check what is drawn; let the shares of each member sum to 1."""
        is_count = isinstance(self.n_members, int | np.integer)
        if not is_count or self.n_members < 1:
            raise ValueError(
                f"n_members={self.n_members!r} is no number of members. Pass an "
                "integer of 1 or more."
            )
        usage = numbers_of("gate_usage", self.gate_usage, (None, None))
        names = self.task_names
        if not is_sequence(names) or len(names) != len(usage):
            raise ValueError(
                f"task_names={names!r} is not one name for each of the {len(usage)} "
                "rows of gate_usage. Pass a list of that length."
            )
        if usage.shape[1] % self.n_members:
            raise ValueError(
                f"gate_usage has {usage.shape[1]} columns, which are not as many for "
                f"each of n_members={self.n_members}. Pass an estimator's gate_usage_ "
                "and the number of its members."
            )
        return usage * self.n_members

    def _draw_cells(self, shares: np.ndarray) -> None:
        import matplotlib as mpl

        ax = self.ax_
        colors = mpl.colormaps["Blues"].with_extremes(bad="0.88")
        self.im_ = ax.imshow(shares, cmap=colors, vmin=0.0, vmax=1.0, aspect="auto")
        if shares.shape[1] > MOST_NUMBERS:
            return
        for (t, e), share in np.ndenumerate(shares):
            if not np.isnan(share):
                color = "white" if share > DARK else "black"
                text = f"{share:.2f}"
                ax.text(e, t, text, ha="center", va="center", fontsize=7, color=color)

    def _name_experts(self, n_experts: int) -> None:
        """Write numbers of experts, or of members where experts are many."""
        ax, n_members = self.ax_, self.n_members
        for k in range(1, n_members):
            ax.axvline(k * n_experts - 0.5, color="0.1", linewidth=1.4)
        if n_members * n_experts <= MOST_NUMBERS:
            numbers = list(range(n_experts)) * n_members
            ax.set_xticks(range(len(numbers)), map(str, numbers), fontsize=8)
            ax.set_xlabel("expert" if n_members == 1 else "expert of each member")
        else:
            centers = (np.arange(n_members) + 0.5) * n_experts - 0.5
            ax.set_xticks(centers, map(str, range(n_members)), fontsize=8)
            ax.set_xlabel(f"member, of {n_experts} experts each")
        ax.xaxis.label.set_fontsize(9)


def _size_of_figure(n_tasks: int, n_cells: int, longest: int) -> tuple[float, float]:
    """Width and height in inches: the map, names beside it, colour bar."""
    cell = 0.42 if n_cells <= MOST_NUMBERS else 0.2
    return max(2.6, cell * n_cells) + 0.07 * longest + 1.9, max(1.6, 0.35 * n_tasks) + 1
