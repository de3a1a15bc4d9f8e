"""Predictions of numbers and of classes, with what is known of their errors."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sklearn_mtl.estimators._arguments import checks_arguments
from sklearn_mtl.estimators._base import BaseMultiTaskNet
from sklearn_mtl.estimators._conformal import row_draws

CONFORMAL: dict[str, Any] = {
    "coverage": [Interval(Real, 0, 1, closed="neither")],
    "method": [StrOptions({"fold", "cv+"})],
}
"""Constraints of the parameters of `predict_interval` and `predict_set`."""


def has_class_columns(estimator: Any) -> bool:
    tasks = getattr(estimator, "tasks_", None)
    return tasks is None or any(task.is_classifier for task in tasks)


def has_number_columns(estimator: Any) -> bool:
    tasks = getattr(estimator, "tasks_", None)
    return tasks is None or any(not task.is_classifier for task in tasks)


class PredictsNumbers(BaseMultiTaskNet):
    """What estimators with numeric columns add."""

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Predict every column of y.

        Parameters
        ----------
        X : data frame, array or CSR matrix of shape (n_samples, n_features)
        return_std : bool, default=False
            Whether to return the standard deviation of each numeric prediction too:
            the spread of the members and the noise that their held-out rows showed.

        Returns
        -------
        predictions : array of shape (n_samples,) or (n_samples, n_tasks), or data \
frame
            In the container, units and labels of the y passed to `fit`. A column
            without any label in `fit` is predicted as missing.
        std : of the shape of `predictions`
            Only with ``return_std=True``; in the units of y, NaN for classes.
        """
        check_is_fitted(self)
        return self._predict_with_std(X) if return_std else super().predict(X)

    def _predict_with_std(self, X: Any) -> tuple[Any, Any]:
        n_tasks = len(self.tasks_)
        predictions: list[list[np.ndarray]] = [[] for _ in range(n_tasks)]
        stds: list[list[np.ndarray]] = [[] for _ in range(n_tasks)]
        for _, responses in self._member_responses(X, range(n_tasks)):
            for t, (task, response) in enumerate(
                zip(self.tasks_, responses, strict=True)
            ):
                mean = response.mean(axis=0)
                predictions[t].append(task.predict(mean))
                if task.is_classifier:
                    stds[t].append(np.full(len(mean), np.nan))
                    continue
                between = response[..., 0].var(axis=0)
                stds[t].append(task.spread(mean, between, self.residual_std_[t]))
        return (
            self._rebuild([np.concatenate(p) for p in predictions], X),
            self._container.rebuild(
                [np.concatenate(std) for std in stds], X, labels=False
            ),
        )

    @available_if(has_number_columns)
    @checks_arguments(**CONFORMAL)
    def predict_interval(
        self,
        X: Any,
        coverage: float = 0.9,
        *,
        method: str = "fold",
        normalize: bool = True,
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

        Returns
        -------
        lower, upper : of the shape and container of `predict`
            In the units of y; NaN for classes; infinite where fewer labels were held
            out than the coverage needs.

        Raises
        ------
        ValueError
            No rows were held out: the estimator was fitted with
            ``early_stopping=False`` and without ``X_val``.

        References
        ----------
        .. [1] R. F. Barber, E. J. Candès, A. Ramdas, R. J. Tibshirani, "Predictive
           inference with the jackknife+", Annals of Statistics 49, 2021.
        """
        check_is_fitted(self)
        conformal = self._need_conformal("predict_interval")
        bounds: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in self.tasks_]
        for features, responses in self._member_responses(X, range(len(bounds))):
            draw, _ = row_draws(features)
            for t, response in enumerate(responses):
                if self.tasks_[t].is_classifier:
                    bounds[t].append((np.full(len(draw), np.nan),) * 2)
                    continue
                bounds[t].append(
                    conformal.interval(
                        t,
                        self.tasks_[t],
                        response,
                        draw,
                        residual_std=self.residual_std_[t],
                        coverage=coverage,
                        normalize=normalize,
                        method=method,
                    )
                )
        lower, upper = (
            [np.concatenate([part[side] for part in column]) for column in bounds]
            for side in (0, 1)
        )
        rebuild = self._container.rebuild
        return rebuild(lower, X, labels=False), rebuild(upper, X, labels=False)


class PredictsClasses(BaseMultiTaskNet):
    """What estimators with class columns add."""

    def _set_classes(self) -> None:
        classes = [getattr(task, "classes_", None) for task in self.tasks_]
        self.classes_ = classes[0] if self._container.ndim == 1 else classes

    @available_if(has_class_columns)
    @checks_arguments(**CONFORMAL)
    def predict_set(
        self, X: Any, coverage: float = 0.9, *, method: str = "fold"
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
        conformal = self._need_conformal("predict_set")
        chosen = [t for t, task in enumerate(self.tasks_) if task.is_classifier]
        parts: dict[int, list[np.ndarray]] = {t: [] for t in chosen}
        for features, responses in self._member_responses(X, chosen):
            draws = row_draws(features)
            for t, response in zip(chosen, responses, strict=True):
                parts[t].append(
                    conformal.prediction_set(
                        t, response, draws, coverage=coverage, method=method
                    )
                )
        sets = {t: np.concatenate(part) for t, part in parts.items()}
        if self._container.ndim == 1:
            return sets[0]
        return [sets.get(t) for t in range(len(self.tasks_))]

    def _predict_proba(self, X: Any) -> Any:
        check_is_fitted(self)
        chosen = [t for t, task in enumerate(self.tasks_) if task.is_classifier]
        known = dict(zip(chosen, self._responses(X, tasks=chosen), strict=True))
        if self._container.ndim == 1:
            return known[0]
        return [known.get(t) for t in range(len(self.tasks_))]
