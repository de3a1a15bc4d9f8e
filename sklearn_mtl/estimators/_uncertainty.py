"""Predictions with what is known of their errors: deviations, intervals and sets."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklearn_mtl.estimators import _predictions
from sklearn_mtl.estimators._arguments import checks_arguments
from sklearn_mtl.estimators._conformal import Conformal, row_draws
from sklearn_mtl.estimators._known_labels import held_out_labels, told_by
from sklearn_mtl.estimators._predictions import aligned_with_y, positions_of_classes
from sklearn_mtl.joint import joint_level
from sklearn_mtl.tasks import label_limits

CONFORMAL: dict[str, Any] = {
    "coverage": [Interval(Real, 0, 1, closed="neither")],
    "method": [StrOptions({"fold", "cv+"})],
}
"""Constraints of the parameters of `predict_interval` and `predict_set`."""


@checks_arguments(return_std=["boolean"])
def predict(self: Any, X: Any, return_std: bool = False, *, y_known: Any = None) -> Any:
    """Predict every column of y.

    Parameters
    ----------
    X : data frame, array or CSR matrix of shape (n_samples, n_features)
    return_std : bool, default=False
        Whether to return the standard deviation of each numeric prediction too:
        the spread of the members and the noise that their held-out rows showed.
    y_known : data frame of some columns of y, or array of all, default=None
        Labels that are known of these rows, missing where not. They come back as
        given, and what is predicted of the others is updated by what columns say of
        each other beyond X, as rows showed that members held out.

    Returns
    -------
    predictions : array of shape (n_samples,) or (n_samples, n_tasks), or data frame
        In the container, units and labels of the y passed to `fit`; a pandas frame
        has the index of X, and is an array where X has none. A column without any
        label in `fit` is predicted as missing.
    std : of the shape of `predictions`
        Only with ``return_std=True``; in the units of y, NaN for classes.
    """
    if not return_std:
        return _predictions.predict(self, X, y_known=y_known)
    check_is_fitted(self)
    tasks = self.tasks_

    def with_std(_: Any, responses: Any) -> list[np.ndarray]:
        predicted, stds = [], []
        for t, (task, response) in enumerate(zip(tasks, responses, strict=True)):
            mean = response.mean(axis=0)
            predicted.append(task.predict(mean))
            if task.is_classifier:
                stds.append(np.full(len(mean), np.nan))
                continue
            between = response[..., 0].var(axis=0)
            stds.append(task.spread(mean, between, self.residual_std_[t]))
        return [*predicted, *stds]

    columns = self.stack_.map_responses(with_std, X)
    predictions, std = columns[: len(tasks)], columns[len(tasks) :]
    if y_known is not None:
        told = told_by(self, X, y_known)
        predictions = told.predictions(tasks)
        std = [own * left for own, left in zip(std, told.std_left.T, strict=True)]
    codings = self.stack_.codings
    return codings.rebuild(predictions, X), codings.rebuild_numbers(std, X)


@checks_arguments(**CONFORMAL, normalize=["boolean"], joint=["boolean"])
def predict_interval(
    self: Any,
    X: Any,
    coverage: float = 0.9,
    *,
    method: str = "fold",
    normalize: bool = True,
    joint: bool = False,
    y_known: Any = None,
) -> tuple[Any, Any]:
    """Predict intervals that hold the numeric labels of new rows.

    Around what members say of a new row lie the errors that they made on rows
    which they held out. The coverage holds on average over rows that are drawn
    like those of `fit`, whatever their distribution.

    Parameters
    ----------
    X : data frame, array or CSR matrix of shape (n_samples, n_features)
    coverage : float, default=0.9
        Share of the labels that the intervals are to hold.
    method : {"fold", "cv+"}, default="fold"
        "fold" asks the members of one fold for each row, chosen by a draw that is
        fixed by the content of the row; then the coverage is met, not exceeded.
        "cv+" is cross-validation+ [1]_: it asks all members, so that intervals are
        steadier, but cover more than is asked where members disagree; below a
        coverage of one half, bounds may cross.
    normalize : bool, default=True
        Whether errors are measured in units of the spread that the kind of the
        column predicts for each row ("heteroscedastic", "gamma", "count", ...), so
        that rows with little noise get short intervals. Without effect on kinds
        whose spread is the same for all rows.
    joint : bool, default=False
        Whether the intervals of a row hold all its numeric labels together with the
        probability `coverage`, instead of each by itself. They are longer, but not
        longer than Bonferroni's: where labels lie far off together, one error counts
        once.
    y_known : data frame of some columns of y, or array of all, default=None
        Labels that are known of these rows, missing where not. They are their own
        bounds; the intervals of the others move with their predictions (see
        `predict`), and shorten as these become surer. Not with `joint`.

    Returns
    -------
    lower, upper : of the shape and container of `predict`
        In the units of y; NaN for classes; infinite where fewer labels were held
        out than the coverage needs.

    Raises
    ------
    ValueError
        No rows were held out: the estimator was fitted with
        ``early_stopping=False`` and without ``X_val``. Or `joint` and `y_known` are
        both asked for.

    References
    ----------
    .. [1] R. F. Barber, E. J. Candès, A. Ramdas, R. J. Tibshirani, "Predictive
       inference with the jackknife+", Annals of Statistics 49, 2021.
    """
    check_is_fitted(self)
    conformal, tasks = _conformal_of(self, "predict_interval"), self.tasks_
    if joint and y_known is not None:
        raise ValueError(
            "predict_interval takes joint=True or y_known, not both. For regions of "
            "several columns that know of others, use sample_y(X, y_known=...)."
        )
    if joint:
        record = held_out_labels(self, "predict_interval")
        coverage = joint_level(record, coverage, normalize=normalize)

    def bounds(features: Any, responses: Any) -> list[np.ndarray]:
        draw, _ = row_draws(features)
        found = [
            conformal.interval(
                t,
                task,
                response,
                draw,
                residual_std=self.residual_std_[t],
                coverage=coverage,
                normalize=normalize,
                method=method,
            )
            if not task.is_classifier
            else (np.full(len(draw), np.nan),) * 2
            for t, (task, response) in enumerate(zip(tasks, responses, strict=True))
        ]
        ends = np.array(found).transpose(1, 2, 0)
        limits = label_limits(tasks, np.full(ends.shape[1:], np.nan))
        lower, upper = np.clip(ends, *limits).transpose(0, 2, 1)
        return [*lower, *upper]

    columns = self.stack_.map_responses(bounds, X)
    lower, upper = columns[: len(tasks)], columns[len(tasks) :]
    if y_known is not None:
        lower, upper = told_by(self, X, y_known).intervals(lower, upper)
    rebuild = self.stack_.codings.rebuild_numbers
    return rebuild(lower, X), rebuild(upper, X)


@checks_arguments(**CONFORMAL)
def predict_set(
    self: Any, X: Any, coverage: float = 0.9, *, method: str = "fold"
) -> Any:
    """Predict sets of classes that hold the labels of new rows.

    Adaptive prediction sets [1]_: classes are taken from the likeliest down, as
    deep as the labels lay of the rows that members held out. The last class is
    taken or left by a draw that is fixed by the content of the row, so that the
    coverage is met rather than exceeded; a set may be empty where `coverage` is
    below the accuracy.

    Parameters
    ----------
    X : data frame, array or CSR matrix of shape (n_samples, n_features)
    coverage : float, default=0.9
        Share of the labels that the sets are to hold.
    method : {"fold", "cv+"}, default="fold"
        Whether the members of one fold are asked for each row, or all; see
        `MultiTaskNetEstimator.predict_interval`.

    Returns
    -------
    list of (bool ndarray of shape (n_samples, n_classes) or None), or ndarray
        Whether each class is in the set, in the order of ``classes_``; aligned as
        `predict_proba`.

    Raises
    ------
    ValueError
        No rows were held out: the estimator was fitted with
        ``early_stopping=False`` and without ``X_val``.

    References
    ----------
    .. [1] Y. Romano, M. Sesia, E. J. Candès, "Classification with Valid and
       Adaptive Coverage", NeurIPS 2020.
    """
    check_is_fitted(self)
    conformal, chosen = _conformal_of(self, "predict_set"), positions_of_classes(self)

    def sets(features: Any, responses: Any) -> list[np.ndarray]:
        draws = row_draws(features)
        return [
            conformal.prediction_set(
                t, response, draws, coverage=coverage, method=method
            )
            for t, response in zip(chosen, responses, strict=True)
        ]

    return aligned_with_y(self, self.stack_.map_responses(sets, X, chosen))


def _conformal_of(estimator: Any, method: str) -> Conformal:
    conformal: Conformal | None = estimator._conformal
    if conformal is None:
        raise ValueError(
            f"{method} rests on rows that members held out of training, and there "
            "are none. Fit with early_stopping=True, or pass X_val and y_val to fit."
        )
    return conformal
