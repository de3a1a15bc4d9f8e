"""MultiTaskNetEstimator and its two thin siblings."""

from __future__ import annotations

from typing import Any, ClassVar

from sklearn.base import ClassifierMixin, RegressorMixin, _fit_context
from sklearn.utils import ClassifierTags
from sklearn.utils.metaestimators import available_if

from sklearn_mtl.estimators._base import BaseMultiTaskNet
from sklearn_mtl.estimators._docs import with_shared_sections
from sklearn_mtl.estimators._predictions import (
    PredictsClasses,
    PredictsNumbers,
    has_class_columns,
)


@with_shared_sections("auto")
class MultiTaskNetEstimator(PredictsNumbers, PredictsClasses):
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
    [Regression(), Binary()]
    >>> net.predict(X).shape, net.score(X, y) > 0.9
    ((300, 2), True)
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # Tools that find predict_proba ask for these, whatever the estimator's type.
        tags.classifier_tags = ClassifierTags(multi_label=True)
        return tags

    @available_if(has_class_columns)
    def predict_proba(self, X: Any) -> Any:
        """Probabilities of the classes of every class column.

        Parameters
        ----------
        X : data frame, array or CSR matrix of shape (n_samples, n_features)

        Returns
        -------
        list of (ndarray of shape (n_samples, n_classes) or None), or ndarray
            Aligned with the columns of y, None at a numeric one; the array itself for
            a 1-D y. Columns are in the order of ``classes_``.
        """
        return self._predict_proba(X)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> MultiTaskNetEstimator:
        """Train for one epoch on these rows.

        The first call learns how columns are coded and scaled; no row is held out.

        Parameters
        ----------
        X, y, sample_weight : as in `fit`
        classes : list or dict, default=None
            All classes of each column, None at a numeric one, where the first rows
            may not show them all; an array for a 1-D y. Read by the first call.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            As `fit`, and for a label that the first call could not know.
        """
        self._partial_fit(X, y, sample_weight, classes)
        return self


@with_shared_sections("regression")
class MultiTaskNetRegressor(RegressorMixin, PredictsNumbers):
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

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None
    ) -> MultiTaskNetRegressor:
        """Train for one epoch on these rows.

        The first call learns how columns are scaled; no row is held out.

        Parameters
        ----------
        X, y, sample_weight : as in `fit`

        Returns
        -------
        self

        Raises
        ------
        ValueError
            As `fit`.
        """
        self._partial_fit(X, y, sample_weight)
        return self

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Mean over columns of R2.

        Parameters
        ----------
        X : data frame, array or CSR matrix of shape (n_samples, n_features)
        y : as passed to `fit`
            Missing labels are skipped; a column without any is left out of the mean.
        sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), \
default=None

        Returns
        -------
        float
            At most 1; NaN where no column can be scored.
        """
        return BaseMultiTaskNet.score(self, X, y, sample_weight)


@with_shared_sections("classes")
class MultiTaskNetClassifier(ClassifierMixin, PredictsClasses):
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

    def predict_proba(self, X: Any) -> Any:
        """Probabilities of the classes of every column.

        Parameters
        ----------
        X : data frame, array or CSR matrix of shape (n_samples, n_features)

        Returns
        -------
        list of ndarray of shape (n_samples, n_classes), or ndarray
            Aligned with the columns of y; the array itself for a 1-D y.
        """
        return self._predict_proba(X)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> MultiTaskNetClassifier:
        """Train for one epoch on these rows.

        The first call learns the classes; no row is held out.

        Parameters
        ----------
        X, y, sample_weight : as in `fit`
        classes : list, dict or array, default=None
            All classes of each column, where the first rows may not show them all; an
            array for a 1-D y. Read by the first call.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            As `fit`, and for a label that the first call could not know.
        """
        self._partial_fit(X, y, sample_weight, classes)
        return self

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Mean over columns of accuracy.

        Parameters
        ----------
        X : data frame, array or CSR matrix of shape (n_samples, n_features)
        y : as passed to `fit`
            Missing labels are skipped; a column without any is left out of the mean.
        sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), \
default=None

        Returns
        -------
        float
            At most 1; NaN where no column can be scored.
        """
        return BaseMultiTaskNet.score(self, X, y, sample_weight)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
