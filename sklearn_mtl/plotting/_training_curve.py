"""Losses of the columns, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_mtl.inspection._teams import parts_of
from sklearn_mtl.plotting._checks import check_axes, is_sequence, numbers_of
from sklearn_mtl.plotting._names import short_names
from sklearn_mtl.tables import printed_names
from sklearn_mtl.training import with_last_losses

TRAIN_COLOR, VALID_COLOR, WEIGHT_COLOR = "#0072B2", "#D55E00", "#009E73"
"""Colours of the Okabe-Ito palette, which colour-blind readers can tell apart."""
MOST_LARGE = 8
"""With more columns, each gets a smaller picture."""
MOST_LETTERS = 26
"""Longer names of columns are cut; about as many fit above a small picture."""


class TrainingCurveDisplay:
    """Training and validation loss of each column over epochs.

    Losses are in units of the prior: 1.0 is no skill, whatever the kind of the
    column, and 1 - loss is the share of the prior's cost that was learned away. A
    band spans the members, a line is their mean, and a dotted line marks the median
    of the epochs whose weights the members keep.

    Use `from_estimator` to make one.

    Parameters
    ----------
    epochs : ndarray of shape (n_epochs,)
        Numbers of the epochs.
    train_loss : ndarray of shape (n_epochs, n_members, n_tasks)
        In units of the prior's cost.
    valid_loss : ndarray of shape (n_epochs, n_members, n_tasks) or None
        None where nothing was held out; NaN where a member held out no label.
    task_names : sequence of str
        Names of the columns of y.
    best_epoch : ndarray of shape (n_members,) or None
        Epoch whose weights each member keeps.
    column_weight : ndarray of shape (n_epochs, n_members, n_tasks) or None
        Weight of each column's loss in the steps of an epoch.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_tasks,)
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> from sklearn_mtl.datasets import load_energy_efficiency
    >>> from sklearn_mtl.plotting import TrainingCurveDisplay
    >>> X, y = load_energy_efficiency(return_X_y=True, as_frame=True)
    >>> net = MultiTaskNetEstimator(max_iter=10, random_state=0).fit(X, y)
    >>> display = TrainingCurveDisplay.from_estimator(net)
    >>> [ax.get_title() for ax in display.axes_]
    ['heating_load', 'cooling_load']

    What a way of balancing made of the columns' weights:

    >>> net.set_params(balancing="famo").fit(X, y).balancing_history_.shape
    (10, 2)
    >>> display = TrainingCurveDisplay.from_estimator(net, kind="balancing")
    """

    def __init__(
        self,
        *,
        epochs: np.ndarray,
        train_loss: np.ndarray,
        valid_loss: np.ndarray | None,
        task_names: Sequence[str],
        best_epoch: np.ndarray | None = None,
        column_weight: np.ndarray | None = None,
    ) -> None:
        self.epochs = epochs
        self.train_loss = train_loss
        self.valid_loss = valid_loss
        self.task_names = task_names
        self.best_epoch = best_epoch
        self.column_weight = column_weight

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        tasks: Sequence[Any] | None = None,
        kind: str = "loss",
        ax: Any = None,
    ) -> TrainingCurveDisplay:
        """Draw the curves of a fitted estimator.

        Parameters
        ----------
        estimator : fitted MultiTaskNetEstimator, or a Pipeline that ends in one
        tasks : sequence, default=None
            Names of the columns to draw; all by default.
        kind : {"loss", "balancing"}, default="loss"
            Whether to draw the losses, or how much each column's loss counted.
        ax : matplotlib Axes or sequence of them, default=None
            One for each column; a new figure by default.

        Returns
        -------
        TrainingCurveDisplay

        Raises
        ------
        ValueError
            A name in `tasks` is no column of y, `kind` is unknown, or `ax` does not
            have one Axes for each column.
        """
        _, estimator = parts_of(estimator)
        check_is_fitted(estimator)
        _check_kind(kind)
        names = estimator.stack_.codings.names
        chosen = _positions(tasks, names)
        _check_axes_of(ax, len(chosen))
        n_epochs = len(estimator.history_)
        losses = {
            part: with_last_losses(of_part[:n_epochs])
            for part, of_part in estimator.net_.task_losses_.items()
        }
        if not n_epochs:
            raise ValueError(
                "The estimator has finished no epoch, so that there is no curve. Fit "
                "it again and let it train."
            )
        valid = np.stack(losses["valid"])[:, :, chosen]
        weights = with_last_losses(estimator.net_.step_weights_["train"][:n_epochs])
        display = cls(
            epochs=np.arange(1, n_epochs + 1),
            train_loss=np.stack(losses["train"])[:, :, chosen],
            valid_loss=None if np.isnan(valid).all() else valid,
            task_names=[printed_names(names)[t] for t in chosen],
            best_epoch=estimator.best_epoch_ if estimator.early_stopping else None,
            column_weight=np.stack(weights)[:, :, chosen],
        )
        return display.plot(ax=ax, kind=kind)

    def plot(self, ax: Any = None, kind: str = "loss") -> TrainingCurveDisplay:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes or sequence of them, default=None
            One for each column; a new figure by default.
        kind : {"loss", "balancing"}, default="loss"
            Whether to draw the losses, or how much each column's loss counted.

        Returns
        -------
        self
        """
        _check_kind(kind)
        self._check_curves(kind)
        self.axes_ = _axes(ax, len(self.task_names), Y_LABELS[kind])
        self.figure_ = self.axes_[0].figure
        names = short_names(self.task_names, MOST_LETTERS)
        for t, (axes, name) in enumerate(zip(self.axes_, names, strict=True)):
            if kind == "loss":
                axes.axhline(1.0, color="0.6", linewidth=0.8, zorder=0)
            for values, color, label in self._curves(kind):
                _draw(axes, self.epochs, values[:, :, t], color, label)
            if self.best_epoch is not None:
                axes.axvline(
                    float(np.median(self.best_epoch)),
                    color="0.3",
                    linestyle=":",
                    linewidth=1.2,
                    label="kept (median)",
                )
            axes.set_title(name, fontsize=8 if len(names) > MOST_LARGE else 9)
            axes.set_ylim(bottom=0.0)
        if ax is None:
            handles, labels = self.axes_[0].get_legend_handles_labels()
            # Above the pictures, where no curve runs.
            self.figure_.legend(
                handles,
                labels,
                loc="outside upper right",
                ncols=1 if len(names) == 1 else 3,
                fontsize=8,
                frameon=False,
            )
        else:
            self.axes_[0].legend(fontsize=8, frameon=False)
        return self

    def _curves(self, kind: str) -> list[tuple[np.ndarray, str, str]]:
        """Give what is drawn of each column: values, colour and label."""
        if kind == "balancing":
            assert self.column_weight is not None  # it was checked
            return [(self.column_weight, WEIGHT_COLOR, "weight")]
        curves = [(self.train_loss, TRAIN_COLOR, "training")]
        if self.valid_loss is not None:
            curves.append((self.valid_loss, VALID_COLOR, "validation"))
        return curves

    def _check_curves(self, kind: str) -> None:
        """Check that what is to be drawn fits together."""
        names = self.task_names
        if not is_sequence(names) or not len(names):
            raise TypeError(
                f"task_names={names!r}: pass a list with the name of each column."
            )
        n_epochs = len(numbers_of("epochs", self.epochs, (None,)))
        shape = n_epochs, None, len(names)
        loss = numbers_of("train_loss", self.train_loss, shape)
        if self.valid_loss is not None:
            numbers_of("valid_loss", self.valid_loss, loss.shape)
        if self.best_epoch is not None:
            numbers_of("best_epoch", self.best_epoch, loss.shape[1:2])
        if self.column_weight is not None:
            numbers_of("column_weight", self.column_weight, loss.shape)
        elif kind == "balancing":
            raise ValueError(
                "kind='balancing' draws column_weight, which is None. Pass it, or use "
                "from_estimator."
            )


Y_LABELS = {
    "loss": "loss in units of the prior",
    "balancing": "weight of the column's loss",
}
"""What each kind of curve shows."""


def _check_kind(kind: Any) -> None:
    if not isinstance(kind, str) or kind not in Y_LABELS:
        raise ValueError(f"kind={kind!r}: pass 'loss' or 'balancing'.")


def _positions(tasks: Any, names: list[Any]) -> list[int]:
    """Positions of the columns to draw."""
    if tasks is None:
        return list(range(len(names)))
    if not is_sequence(tasks):
        raise TypeError(
            f"tasks={tasks!r}: pass a list of names of columns, such as "
            f"[{names[0]!r}], or None for all."
        )
    if not len(tasks):
        raise ValueError(
            f"tasks={tasks!r} names no column to draw. Pass names of columns of y, or "
            "None for all."
        )
    return [_position(name, names) for name in tasks]


def _position(name: Any, names: list[Any]) -> int:
    if name not in names:
        raise ValueError(
            f"tasks names {name!r}, which is no column of y. The columns are {names}."
        )
    return names.index(name)


def _check_axes_of(ax: Any, n_tasks: int) -> np.ndarray:
    """Read one Axes a column, of which there may be one; empty without any."""
    check_axes(None)
    if ax is None:
        return np.empty(0, dtype=object)
    axes = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    for one in axes:
        check_axes(one)
        if one is None:
            raise TypeError("ax holds None. Pass one matplotlib Axes for each column.")
    if len(axes) != n_tasks:
        raise ValueError(
            f"ax holds {len(axes)} Axes for {n_tasks} columns. Pass one for each, or "
            "name fewer columns in tasks."
        )
    return axes


def _axes(ax: Any, n_tasks: int, y_label: str) -> np.ndarray:
    """One Axes a column: the ones given, or a grid on a new figure."""
    given = _check_axes_of(ax, n_tasks)
    if ax is not None:
        return given
    import matplotlib.pyplot as plt

    n_columns = min(n_tasks, 4)
    n_lines = -(-n_tasks // n_columns)
    width, height = (2.3, 1.6) if n_tasks > MOST_LARGE else (2.8, 2.2)
    figure, grid = plt.subplots(
        n_lines,
        n_columns,
        figsize=(width * n_columns + 0.6, height * n_lines + 0.7),
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    for empty in grid.ravel()[n_tasks:]:
        empty.set_visible(False)
    for t, axes in enumerate(grid.ravel()[:n_tasks]):
        axes.tick_params(labelbottom=t + n_columns >= n_tasks, labelsize=8)
    figure.supxlabel("epoch", fontsize=10)
    figure.supylabel(y_label, fontsize=10)
    return grid.ravel()[:n_tasks]


def _draw(axes: Any, epochs: np.ndarray, loss: np.ndarray, color: str, label: str):
    """Draw the mean over members and the band that they span."""
    known = loss[:, ~np.isnan(loss).all(axis=0)]
    if not known.size:
        return
    axes.plot(epochs, known.mean(axis=1), color=color, linewidth=1.5, label=label)
    if known.shape[1] > 1:
        low, high = known.min(axis=1), known.max(axis=1)
        axes.fill_between(epochs, low, high, color=color, alpha=0.2, linewidth=0)
