"""What each column gains from sharing, as a dot with its interval."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import Bunch

from sklearn_mtl.inspection import compare_single_task
from sklearn_mtl.plotting._checks import check_axes, check_found
from sklearn_mtl.plotting._names import short_names

COLORS = {"helped": "#0072B2", "hurt": "#D55E00", "unclear": "0.55"}
"""By verdict; of the Okabe-Ito palette, which colour-blind readers can tell apart."""
MARKERS = {"helped": "o", "hurt": "X", "unclear": "s"}
"""So that verdicts can be told apart without colours too."""


class TaskComparisonDisplay:
    """Skill that each column gains or loses by sharing, with its interval.

    Columns stand in the order of their gain. Dots right of zero are columns that
    sharing helps.

    Use `from_estimator` to make one.

    Parameters
    ----------
    comparison : Bunch
        What `compare_single_task` returned.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    See Also
    --------
    sklearn_mtl.inspection.compare_single_task : The numbers.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> from sklearn_mtl.datasets import make_multitask
    >>> from sklearn_mtl.plotting import TaskComparisonDisplay
    >>> X, y = make_multitask(100, n_tasks=3, random_state=0)
    >>> net = MultiTaskNetEstimator(
    ...     hidden_layer_sizes=(16,), n_members=2, max_iter=10, random_state=0
    ... )
    >>> display = TaskComparisonDisplay.from_estimator(net, X, y, cv=2)
    >>> display.ax_.get_xlabel()
    'skill with sharing, minus skill without'
    """

    def __init__(self, comparison: Bunch) -> None:
        self.comparison = comparison

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        cv: Any = 5,
        confidence: float = 0.95,
        ax: Any = None,
    ) -> TaskComparisonDisplay:
        """Compare a network with and without sharing, and draw what comes out.

        Parameters
        ----------
        estimator, X, y, cv, confidence : object
            As `compare_single_task` takes them.
        ax : matplotlib Axes, default=None
            A new figure by default.

        Returns
        -------
        TaskComparisonDisplay
        """
        check_axes(ax)
        found = compare_single_task(estimator, X, y, cv, confidence=confidence)
        return cls(found).plot(ax=ax)

    def plot(self, ax: Any = None) -> TaskComparisonDisplay:
        """Draw the gains.

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
        found = self.comparison
        entries = ("task_names", "difference", "interval", "verdict")
        check_found("comparison", found, entries, "compare_single_task")
        if ax is None:
            import matplotlib.pyplot as plt

            height = 1.3 + 0.26 * len(found.task_names)
            _, ax = plt.subplots(figsize=(6.4, height), layout="constrained")
        order = np.argsort(found.difference)
        ax.axvline(0.0, color="0.3", linewidth=0.8, zorder=0)
        for verdict, color in COLORS.items():
            lines = [i for i, t in enumerate(order) if found.verdict[t] == verdict]
            tasks = order[lines]
            if not len(tasks):
                continue
            gain, (low, high) = found.difference[tasks], found.interval[tasks].T
            # Without an interval, with one fold, there is the dot alone.
            ax.hlines(lines, low, high, color=color, linewidth=1.5)
            ax.scatter(
                gain,
                lines,
                color=color,
                marker=MARKERS[verdict],
                s=28,
                zorder=3,
                label=verdict,
            )
        names = short_names(found.task_names)
        ax.set_yticks(range(len(order)), [names[t] for t in order], fontsize=8)
        ax.tick_params(axis="x", labelsize=8)
        ax.set_ylim(-0.7, len(order) - 0.3)
        ax.set_xlabel("skill with sharing, minus skill without", fontsize=9)
        ax.grid(axis="x", alpha=0.3)
        # Sorted from the least gain up, dots leave the lower right corner free.
        ax.legend(fontsize=8, frameon=False, loc="lower right")
        self.ax_, self.figure_ = ax, ax.figure
        return self
