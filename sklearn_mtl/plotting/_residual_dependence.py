"""Which columns move together beyond what X explains, as a heat map."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import Bunch

from sklearn_mtl.inspection import residual_dependence
from sklearn_mtl.plotting._checks import check_axes, check_found, numbers_of
from sklearn_mtl.plotting._names import short_names

MOST_NUMBERS = 12
"""With more columns, cells are too small for numbers."""
DARK = 0.6
"""Correlation from which cells are so dark that numbers are white."""


class ResidualDependenceDisplay:
    """Heat map of how columns of y move together beyond what X explains.

    Blue columns lie above what X lets expect together, red ones in turns. Of a column
    of three classes or more without an order, only the strength is known, and shown in
    brackets.

    Use `from_estimator` to make one.

    Parameters
    ----------
    dependence : Bunch
        What `sklearn_mtl.inspection.residual_dependence` returned.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    im_ : matplotlib AxesImage
        The heat map.

    See Also
    --------
    sklearn_mtl.inspection.residual_dependence : The numbers.
    TaskAffinityDisplay : What columns do for each other while they are learned.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> from sklearn_mtl.datasets import load_student_performance
    >>> from sklearn_mtl.plotting import ResidualDependenceDisplay
    >>> X, y = load_student_performance(return_X_y=True, as_frame=True)
    >>> net = MultiTaskNetEstimator(max_iter=3, random_state=0).fit(X, y)
    >>> display = ResidualDependenceDisplay.from_estimator(net)
    >>> display.ax_.get_yticklabels()[0].get_text()
    'G1'
    """

    def __init__(self, dependence: Bunch) -> None:
        self.dependence = dependence

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, ax: Any = None
    ) -> ResidualDependenceDisplay:
        """Ask a fitted estimator, and draw it.

        Parameters
        ----------
        estimator : fitted MultiTaskNetEstimator or a sibling
            One that held rows out.
        ax : matplotlib Axes, default=None
            A new figure by default.

        Returns
        -------
        ResidualDependenceDisplay
        """
        check_axes(ax)
        return cls(residual_dependence(estimator)).plot(ax=ax)

    def plot(self, ax: Any = None) -> ResidualDependenceDisplay:
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
        found = self.dependence
        entries = ("task_names", "correlation", "is_signed")
        check_found("dependence", found, entries, "residual_dependence")
        n_tasks = len(found.task_names)
        numbers_of("dependence.correlation", found.correlation, (n_tasks, n_tasks))
        if ax is None:
            import matplotlib.pyplot as plt

            side = max(3.2, (0.5 if n_tasks <= MOST_NUMBERS else 0.27) * n_tasks)
            size = side + 1.7, side + 0.8
            _, ax = plt.subplots(figsize=size, layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        self._draw_cells()
        bar = self.figure_.colorbar(self.im_, ax=ax, shrink=0.9)
        bar.set_label("correlation beyond X", fontsize=9)
        bar.ax.tick_params(labelsize=8)
        names = short_names(found.task_names)
        ax.set_xticks(range(n_tasks), names, fontsize=8, rotation=90)
        ax.set_yticks(range(n_tasks), names, fontsize=8)
        return self

    def _draw_cells(self) -> None:
        import matplotlib as mpl

        found = self.dependence
        shown = np.array(found.correlation, dtype=np.float64)
        np.fill_diagonal(shown, np.nan)
        colors = mpl.colormaps["RdBu"].with_extremes(bad="0.88")
        self.im_ = self.ax_.imshow(shown, cmap=colors, vmin=-1, vmax=1)
        if len(shown) > MOST_NUMBERS:
            return
        for (i, j), value in np.ndenumerate(shown):
            if i == j:
                continue
            text = f"{value:.2f}".replace("-0.00", "0.00")
            text = text if found.is_signed[i, j] else f"({text})"
            color = "white" if abs(value) > DARK else "black"
            self.ax_.text(j, i, text, ha="center", va="center", fontsize=7, color=color)
