"""What each column of y loses when a column of X is permuted."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import Bunch
from sklearn.utils._param_validation import Interval, validate_params

from sklearn_mtl.inspection import feature_importances
from sklearn_mtl.plotting._checks import check_axes, check_found, numbers_of
from sklearn_mtl.plotting._names import short_names

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Of the Okabe-Ito palette, which colour-blind readers can tell apart."""
MARKERS = "osD^"
"""So that columns of y can be told apart without colours too."""
MOST_NUMBERS = 12
"""With more columns of y, cells of the map are too small for numbers."""
DARK = 0.6
"""Share of the largest importance from which numbers are white."""
N_FEATURES: dict[str, Any] = {
    "n_features": [Interval(Integral, 1, None, closed="left")]
}


class FeatureImportancesDisplay:
    """Skill that columns of y lose when columns of X are permuted.

    Up to four columns of y are dots with their intervals; more of them are a heat map.
    Columns of X stand in the order of the most that a column of y loses.

    Use `from_estimator` to make one.

    Parameters
    ----------
    importances : Bunch
        What `sklearn_mtl.inspection.feature_importances` returned.
    n_features : int, default=20
        Most columns of X that are shown.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    See Also
    --------
    sklearn_mtl.inspection.feature_importances : The numbers.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import load_energy_efficiency
    >>> from sklearn_mtl.plotting import FeatureImportancesDisplay
    >>> X, y = load_energy_efficiency(return_X_y=True, as_frame=True)
    >>> net = MultiTaskNetRegressor(max_iter=5, random_state=0).fit(X, y)
    >>> display = FeatureImportancesDisplay.from_estimator(net, X, y, n_repeats=1)
    >>> display.ax_.get_xlabel()
    'skill that is lost'
    """

    def __init__(self, importances: Bunch, *, n_features: int = 20) -> None:
        self.importances = importances
        self.n_features = n_features

    @classmethod
    @validate_params(N_FEATURES, prefer_skip_nested_validation=True)
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        cv: Any = None,
        features: Any = None,
        groups: Any = None,
        n_repeats: int = 5,
        confidence: float = 0.95,
        n_features: int = 20,
        ax: Any = None,
    ) -> FeatureImportancesDisplay:
        """Permute columns of X, and draw what is lost.

        Parameters
        ----------
        estimator : MultiTaskNetEstimator, or a Pipeline that ends in one
            This and the next seven as `feature_importances` takes them.
        X : data frame, array or CSR matrix of shape (n_samples, n_features)
            Cells may be missing.
        y : as passed to ``fit``
            Labels may be missing.
        cv : None, "prefit", int or splitter, default=None
            Which rows are asked for, and of whom.
        features : list or dict, default=None
            Columns of X, or groups of them, that are permuted.
        groups : array-like of shape (n_samples,), default=None
            Rows that belong together.
        n_repeats : int, default=5
            How often each column is permuted.
        confidence : float, default=0.95
            Confidence of each interval.
        n_features : int, default=20
            Most columns of X that are shown.
        ax : matplotlib Axes, default=None
            A new figure by default.

        Returns
        -------
        FeatureImportancesDisplay
            Drawn.
        """
        check_axes(ax)
        found = feature_importances(
            estimator,
            X,
            y,
            cv,
            features=features,
            groups=groups,
            n_repeats=n_repeats,
            confidence=confidence,
        )
        return cls(found, n_features=n_features).plot(ax=ax)

    def plot(self, ax: Any = None) -> FeatureImportancesDisplay:
        """Draw dots with their intervals, or a heat map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            A new figure by default.

        Returns
        -------
        FeatureImportancesDisplay
            This one, drawn.
        """
        check_axes(ax)
        found = self.importances
        entries = ("task_names", "feature_names", "importances", "interval")
        check_found("importances", found, entries, "feature_importances")
        n_tasks, n_all = len(found.task_names), len(found.feature_names)
        shape = n_all, n_tasks
        lost = numbers_of("importances.importances", found.importances, shape)
        order = np.argsort(-np.nan_to_num(lost, nan=-np.inf).max(axis=1), kind="stable")
        order = order[: self.n_features]
        is_map = n_tasks > len(COLORS)
        if ax is None:
            import matplotlib.pyplot as plt

            width = 3.6 + 0.42 * n_tasks if is_map else 6.4
            height = 1.3 + (0.27 if is_map else 0.14 + 0.12 * n_tasks) * len(order)
            _, ax = plt.subplots(figsize=(width, height), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        (self._draw_map if is_map else self._draw_dots)(order)
        names = [short_names(found.feature_names)[j] for j in order]
        ax.set_yticks(range(len(order)), names, fontsize=8)
        return self

    def _draw_dots(self, order: np.ndarray) -> None:
        ax, found = self.ax_, self.importances
        interval = np.asarray(found.interval)
        names = short_names(found.task_names)
        n_tasks = len(names)
        ax.axvline(0.0, color="0.3", linewidth=0.8, zorder=0)
        for t, name in enumerate(names):
            line = np.arange(len(order)) + 0.2 * (t - (n_tasks - 1) / 2)
            ax.hlines(line, *interval[order, t].T, color=COLORS[t], linewidth=1.2)
            ax.scatter(
                np.asarray(found.importances)[order, t],
                line,
                color=COLORS[t],
                marker=MARKERS[t],
                s=18,
                zorder=3,
                label=name,
            )
        ax.set_ylim(len(order) - 0.4, -0.6)
        ax.tick_params(axis="x", labelsize=8)
        ax.set_xlabel("skill that is lost", fontsize=9)
        ax.grid(axis="x", alpha=0.3)
        # The most important stand above, so that the lower right corner is free.
        ax.legend(fontsize=8, frameon=False, loc="lower right")

    def _draw_map(self, order: np.ndarray) -> None:
        ax, found = self.ax_, self.importances
        shown = np.asarray(found.importances, dtype=np.float64)[order]
        most = float(np.nanmax(shown, initial=0.0)) or 1.0
        image = ax.imshow(shown, cmap="Blues", vmin=0.0, vmax=most, aspect="auto")
        self.figure_.colorbar(image, ax=ax).set_label("skill that is lost", fontsize=9)
        names = short_names(found.task_names)
        ax.set_xticks(range(len(names)), names, fontsize=8, rotation=90)
        if len(names) > MOST_NUMBERS:
            return
        for (i, t), value in np.ndenumerate(shown):
            text = "?" if np.isnan(value) else f"{value:.2f}".replace("-0.00", "0.00")
            color = "white" if value > DARK * most else "black"
            ax.text(t, i, text, ha="center", va="center", fontsize=7, color=color)
