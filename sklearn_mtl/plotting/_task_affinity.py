"""What each column does for each other one, as a heat map."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import Bunch
from sklearn.utils._param_validation import validate_params

from sklearn_mtl.inspection import suggest_groups, task_affinity
from sklearn_mtl.inspection._groups import N_GROUPS, leaf_order
from sklearn_mtl.plotting._checks import check_axes, check_found, numbers_of
from sklearn_mtl.plotting._names import short_names

MEANING = {
    "pairs": "skill with the other column,\nminus skill alone",
    "gradient": "cosine of the gradients",
    "lookahead": "share of the loss\nthat one step removes",
}
"""What a colour says, by method."""
MOST_NUMBERS = 10
"""With more columns, cells are too small for numbers."""
MOST_LETTERS_SIDE_BY_SIDE = 10
"""Longer names below the map stand upright."""
DARK = 0.6
"""Share of the largest affinity from which cells are so dark that numbers are white."""


class TaskAffinityDisplay:
    """Heat map of what each column of y does for each other one.

    The column named at a row of the map gives, and the one named below receives: blue
    where it is helped, red where it is hurt. Columns are ordered so that those which
    help each other are neighbours, and frames mark the groups of
    `sklearn_mtl.inspection.suggest_groups`. The diagonal is left out; "?" marks what
    could not be measured, and then there are no groups.

    Use `from_estimator` to make one.

    Parameters
    ----------
    affinity : Bunch
        What `sklearn_mtl.inspection.task_affinity` returned.
    n_groups : int, default=None
        Number of groups; by default, as many as have no affinity to each other.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    im_ : matplotlib AxesImage
        The heat map.
    groups_ : list of list, or None
        Names of the columns of each group; None where an affinity is unknown.

    See Also
    --------
    sklearn_mtl.inspection.task_affinity : The numbers.
    TaskComparisonDisplay : What each column gains from all others together.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> from sklearn_mtl.datasets import make_multitask
    >>> from sklearn_mtl.plotting import TaskAffinityDisplay
    >>> X, y = make_multitask(100, n_tasks=3, random_state=0)
    >>> net = MultiTaskNetEstimator(
    ...     hidden_layer_sizes=(16,), n_members=2, max_iter=10, random_state=0
    ... )
    >>> display = TaskAffinityDisplay.from_estimator(net, X, y, method="gradient")
    >>> display.ax_.get_ylabel()
    'this column gives'
    """

    def __init__(self, affinity: Bunch, *, n_groups: int | None = None) -> None:
        self.affinity = affinity
        self.n_groups = n_groups

    @classmethod
    @validate_params({"n_groups": N_GROUPS}, prefer_skip_nested_validation=True)
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        cv: Any = None,
        method: str = "pairs",
        n_groups: int | None = None,
        ax: Any = None,
    ) -> TaskAffinityDisplay:
        """Measure what columns do for each other, and draw it.

        Parameters
        ----------
        estimator, X, y, cv, method : object
            As `task_affinity` takes them.
        n_groups : int, default=None
            Number of groups; by default, as many as have no affinity to each other.
        ax : matplotlib Axes, default=None
            A new figure by default.

        Returns
        -------
        TaskAffinityDisplay
        """
        check_axes(ax)
        found = task_affinity(estimator, X, y, cv, method=method)
        return cls(found, n_groups=n_groups).plot(ax=ax)

    def plot(self, ax: Any = None) -> TaskAffinityDisplay:
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
        found = self.affinity
        entries = ("task_names", "affinity", "method")
        check_found("affinity", found, entries, "task_affinity")
        n_tasks = len(found.task_names)
        numbers_of("affinity.affinity", found.affinity, (n_tasks, n_tasks))
        meaning = _meaning_of(found.method)
        others = np.where(np.eye(n_tasks, dtype=bool), np.nan, found.affinity)
        order = self._find_groups(others)
        names = [short_names(found.task_names)[t] for t in order]
        longest = max(map(len, names))
        is_upright = n_tasks > 3 or longest > MOST_LETTERS_SIDE_BY_SIDE
        if ax is None:
            import matplotlib.pyplot as plt

            size = _size_of_figure(n_tasks, longest, is_upright)
            _, ax = plt.subplots(figsize=size, layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        shown, unit = _in_round_units(others[np.ix_(order, order)])
        limit = np.nanmax(np.abs(shown), initial=0.0) or 1.0
        self._draw_cells(shown, float(limit))
        self._draw_frames()
        bar = self.figure_.colorbar(self.im_, ax=ax, shrink=0.9)
        bar.set_label(meaning + unit, fontsize=9)
        bar.ax.tick_params(labelsize=8)
        ax.set_xticks(range(n_tasks), names, fontsize=8, rotation=90 * is_upright)
        ax.set_yticks(range(n_tasks), names, fontsize=8)
        ax.set_xlabel("to this column", fontsize=9)
        ax.set_ylabel("this column gives", fontsize=9)
        return self

    def _find_groups(self, others: np.ndarray) -> np.ndarray:
        """Set the groups; return the order of the columns."""
        n_tasks = len(others)
        if np.isnan(others).sum() > n_tasks:
            self.groups_: list[list[Any]] | None = None
            return np.arange(n_tasks)
        self.groups_ = suggest_groups(self.affinity, self.n_groups)
        return leaf_order(self.affinity)

    def _draw_cells(self, shown: np.ndarray, limit: float) -> None:
        import matplotlib as mpl

        ax = self.ax_
        colors = mpl.colormaps["RdBu"].with_extremes(bad="0.88")
        self.im_ = ax.imshow(shown, cmap=colors, vmin=-limit, vmax=limit)
        few = len(shown) <= MOST_NUMBERS
        for (i, j), value in np.ndenumerate(shown):
            if i == j or not (few or np.isnan(value)):
                continue
            text = "?" if np.isnan(value) else f"{value:.2f}".replace("-0.00", "0.00")
            color = "white" if abs(value) > DARK * limit else "black"
            ax.text(j, i, text, ha="center", va="center", fontsize=7, color=color)

    def _draw_frames(self) -> None:
        from matplotlib.patches import Rectangle

        begin = 0.0
        for size in self._sizes_in_order():
            corner = begin - 0.5, begin - 0.5
            frame = Rectangle(corner, size, size, fill=False, linewidth=1.4)
            frame.set_edgecolor("0.1")
            # At the edge of the map, half of a line would be cut off.
            frame.set_clip_on(False)
            self.ax_.add_patch(frame)
            begin += size

    def _sizes_in_order(self) -> list[int]:
        """Sizes of the groups as they stand in the map."""
        if self.groups_ is None:
            return []
        names = list(self.affinity.task_names)
        group_of = {
            names.index(name): g
            for g, group in enumerate(self.groups_)
            for name in group
        }
        met = dict.fromkeys(group_of[t] for t in leaf_order(self.affinity))
        return [len(self.groups_[g]) for g in met]


def _meaning_of(method: Any) -> str:
    if method not in MEANING:
        raise ValueError(
            f"affinity.method={method!r} is none of {list(MEANING)}. Pass what "
            "sklearn_mtl.inspection.task_affinity returned."
        )
    return MEANING[method]


def _size_of_figure(
    n_tasks: int, longest: int, is_upright: bool
) -> tuple[float, float]:
    """Width and height in inches: the map, names beside and below it, colour bar."""
    cell = 0.42 if n_tasks <= MOST_NUMBERS else 0.27
    side = max(2.6, cell * n_tasks)
    name = 0.07 * longest
    return side + name + 1.9, side + (name if is_upright else 0.2) + 0.6


def _in_round_units(values: np.ndarray) -> tuple[np.ndarray, str]:
    """Divide by a power of ten where two decimals could not tell values apart."""
    largest = np.nanmax(np.abs(values), initial=0.0)
    if not 0.0 < largest < 0.02:
        return values, ""
    power = int(np.floor(np.log10(largest)))
    return values / 10.0**power, rf" ($\times 10^{{{power}}}$)"
