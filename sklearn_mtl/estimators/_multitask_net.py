"""MultiTaskNetEstimator and its two thin siblings."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import ClassifierTags

from sklearn_mtl.estimators import _partial_fit, _predictions, _uncertainty
from sklearn_mtl.estimators._base import BaseMultiTaskNet
from sklearn_mtl.estimators._decorators import checks_parameters, only_if
from sklearn_mtl.estimators._docs import with_shared_sections
from sklearn_mtl.estimators._predictions import has_class_columns, has_number_columns


@with_shared_sections("auto")
class MultiTaskNetEstimator(BaseMultiTaskNet):
    """One shared neural network whose heads are the columns of y.

    Columns may be of different kinds (numbers, yes/no, classes) and labels may be
    missing anywhere. The network is a stack of members trained side by side; each
    holds out other rows, stops when it no longer improves there, and predictions are
    the mean of all.

    Parameters
    ----------
    %(parameters)s

    Attributes
    ----------
    %(attributes)s
    classes_ : list of (ndarray or None), or ndarray
        Classes of each column, None at a numeric one; the classes themselves for a
        1-D y.

    See Also
    --------
    MultiTaskNetRegressor : All columns are numbers; a regressor to scikit-learn.
    MultiTaskNetClassifier : All columns are classes; a classifier to scikit-learn.

    Notes
    -----
    To scikit-learn this estimator is neither regressor nor classifier: only such an
    estimator passes through model selection with a y of mixed kinds or with missing
    labels. Tools that ask for one or the other take a column from `estimators_`.

    %(notes)s

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 5))
    >>> price, sold = 3 * X[:, 0] + X[:, 1], np.where(X[:, 0] > 0, "yes", "no")
    >>> y = np.column_stack([price.astype(object), sold])
    >>> y[:50, 0] = None  # some prices are not known
    >>> net = MultiTaskNetEstimator(max_iter=30, random_state=0).fit(X, y)
    >>> net.tasks_
    [Regression() of column 0, Binary() of column 1]
    >>> net.predict(X).shape, net.score(X, y) > 0.9
    ((300, 2), True)
    """

    predict = _uncertainty.predict
    predict_interval = only_if(has_number_columns)(_uncertainty.predict_interval)
    predict_proba = _predictions.OfClassColumns(_predictions.predict_proba)
    predict_set = only_if(has_class_columns)(_uncertainty.predict_set)
    classes_ = property(_predictions.classes)
    partial_fit = _partial_fit.partial_fit

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # Tools that find predict_proba ask for these, whatever the estimator's type.
        tags.classifier_tags = ClassifierTags(multi_label=True)
        return tags


@with_shared_sections("regression")
class MultiTaskNetRegressor(BaseMultiTaskNet, RegressorMixin, BaseEstimator):
    """One shared neural network for several numeric columns.

    `MultiTaskNetEstimator` with every column read as numbers, and a regressor to
    scikit-learn.

    Parameters
    ----------
    %(parameters)s

    Attributes
    ----------
    %(attributes)s

    See Also
    --------
    MultiTaskNetEstimator : Columns of any kind.

    Notes
    -----
    %(notes)s

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import load_energy_efficiency
    >>> X, y = load_energy_efficiency(return_X_y=True)
    >>> net = MultiTaskNetRegressor(max_iter=30, random_state=0).fit(X, y)
    >>> net.score(X, y) > 0.9
    True
    >>> mean, std = net.predict(X[:2], return_std=True)
    >>> mean.shape, std.shape
    ((2, 2), (2, 2))
    """

    _default_kind: ClassVar[str] = "regression"

    predict = _uncertainty.predict
    predict_interval = only_if(has_number_columns)(_uncertainty.predict_interval)

    @checks_parameters
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch on these rows.

        The first call learns how columns are scaled, so that its rows should show each
        column of X vary; no row is held out.

        Parameters
        ----------
        X, y : array-like or data frame
            As `fit` takes them.
        sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), \
default=None
            As `fit` takes it.

        Returns
        -------
        self
            The estimator after the epoch.

        Raises
        ------
        ValueError
            As `fit`.
        """
        self._fit_for_one_epoch(X, y, sample_weight)
        return self


@with_shared_sections("classes")
class MultiTaskNetClassifier(BaseMultiTaskNet, ClassifierMixin, BaseEstimator):
    """One shared neural network for several columns of classes.

    `MultiTaskNetEstimator` with every column read as classes, each with a number of
    classes of its own, and a classifier to scikit-learn.

    Parameters
    ----------
    %(parameters)s

    Attributes
    ----------
    %(attributes)s
    classes_ : list of ndarray, or ndarray
        Classes of each column; the classes themselves for a 1-D y.

    See Also
    --------
    MultiTaskNetEstimator : Columns of any kind.

    Notes
    -----
    %(notes)s

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl import MultiTaskNetClassifier
    >>> X = np.random.default_rng(0).normal(size=(300, 4))
    >>> y = np.column_stack([X[:, 0] > 0, X[:, 0] + X[:, 1] > 0])
    >>> net = MultiTaskNetClassifier(max_iter=30, random_state=0).fit(X, y)
    >>> net.score(X, y) > 0.9
    True
    >>> [p.shape for p in net.predict_proba(X)]
    [(300, 2), (300, 2)]
    """

    _default_kind: ClassVar[str] = "classes"

    predict = _predictions.predict
    predict_proba = _predictions.predict_proba
    predict_set = only_if(has_class_columns)(_uncertainty.predict_set)
    classes_ = property(_predictions.classes)
    partial_fit = _partial_fit.partial_fit

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
