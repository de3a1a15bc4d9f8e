"""What moved the prediction of a row, column by column."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import Bunch
from sklearn.utils._param_validation import Interval, validate_params
from sklearn.utils.validation import check_is_fitted

from sklearn_mtl.estimators import attributed
from sklearn_mtl.exceptions import warn
from sklearn_mtl.inspection._teams import parts_of
from sklearn_mtl.tables import mean_features


@validate_params(
    {
        "n_steps": [Interval(Integral, 1, None, closed="left")],
        "max_steps": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def integrated_gradients(
    estimator: Any,
    X: Any,
    *,
    baseline: Any = None,
    n_steps: int = 16,
    max_steps: int = 2048,
    tol: float = 5e-3,
) -> Bunch:
    """Attribute the predictions of rows to the columns of X.

    Integrated gradients [1]_: gradients are averaged along the straight line from a
    baseline to the row, times how far each column moved. What columns of X add then
    sums to the difference between the predictions of the row and of the baseline, and
    a column that does not differ from the baseline adds nothing.

    Parameters
    ----------
    estimator : fitted MultiTaskNetEstimator, or a Pipeline that ends in one
        In a Pipeline, columns of X are those that the network reads.
    X : data frame, array or CSR matrix of shape (n_samples, n_features)
        Rows to explain.
    baseline : as X, of one row or of n_samples rows, default=None
        Where the line to each row begins. By default, the mean of the rows that
        `estimator` was fitted on, in which a category is the shares of its levels.
    n_steps : int, default=16
        Steps of the line to begin with. Those are halved in which the network bends,
        for rows of which more than `tol` is missed.
    max_steps : int, default=2048
        Steps of a line from which none are halved any more.
    tol : float, default=5e-3
        What the sum over columns may miss: of a probability, and of a number in units
        of the column's ``residual_std_``.

    Returns
    -------
    Bunch
        With these attributes:

        - task_names, feature_names : list of length n_tasks, n_features
        - attributions : list of ndarray, one a column of y: of shape (n_samples,
          n_features) in the units of y; of classes, (n_samples, n_features, n_classes)
          in probabilities, in the order of ``classes_``
        - predictions, baseline_predictions : list of ndarray of shape (n_samples,) or
          (n_samples, n_classes)
        - gap : ndarray of shape (n_samples, n_tasks), the largest difference between
          predictions that sums of attributions miss

    Raises
    ------
    TypeError
        `estimator` is no multi-task network.
    ValueError
        `baseline` has another number of rows.

    See Also
    --------
    feature_importances : What all predictions of a column rest on.

    Notes
    -----
    What encodes one column of X is summed: the levels of a category, the parts of a
    date, the sign that a cell is missing. The line is straight in these codes, so that
    it passes through rows that are no rows of X, such as half a category.

    References
    ----------
    .. [1] M. Sundararajan, A. Taly, Q. Yan, "Axiomatic Attribution for Deep Networks",
       ICML 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.inspection import integrated_gradients
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> y = np.column_stack([X[:, 0], X[:, 0] - 2 * X[:, 1]])
    >>> net = MultiTaskNetRegressor(max_iter=20, random_state=0).fit(X, y)
    >>> found = integrated_gradients(net, [[1.0, -1.0, 0.0]])
    >>> found.attributions[1].round(0)
    array([[1., 2., 0.]])
    >>> sums = found.attributions[1].sum(axis=1) + found.baseline_predictions[1]
    >>> np.allclose(sums, net.predict([[1.0, -1.0, 0.0]])[:, 1], atol=0.01)
    True
    """
    transformers, net = parts_of(estimator)
    check_is_fitted(net)
    features = _encoded(transformers, net, X)
    start = _start(transformers, net, baseline, features)
    tasks, encoder = net.tasks_, net.stack_.codings.encoder
    sizes = [len(task.classes_) if task.is_classifier else 1 for task in tasks]
    unit = [
        1.0 if task.is_classifier else std
        for task, std in zip(tasks, net.residual_std_, strict=True)
    ]
    tolerance = tol * np.repeat(unit, sizes)
    found = attributed(
        net.stack_,
        features,
        start,
        tolerance=tolerance,
        n_steps=n_steps,
        most_steps=max(n_steps, max_steps),
    )
    _warn_of_gaps(np.abs(found.gap) > tolerance, max_steps)

    def by_task(outputs: np.ndarray) -> list[np.ndarray]:
        parts = np.split(outputs, np.cumsum(sizes)[:-1], axis=-1)
        return [
            part if task.is_classifier else part[..., 0]
            for task, part in zip(tasks, parts, strict=True)
        ]

    gaps = np.abs(found.gap)
    return Bunch(
        task_names=[task.name_ for task in tasks],
        feature_names=list(encoder.column_names_),
        attributions=by_task(found.added),
        predictions=by_task(found.predicted),
        baseline_predictions=by_task(found.baseline),
        gap=np.maximum.reduceat(gaps, np.cumsum([0, *sizes])[:-1], axis=1),
    )


def _encoded(transformers: Any, net: Any, X: Any) -> np.ndarray:
    if transformers is not None:
        X = transformers.transform(X)
    parts = [
        part.toarray() if sparse.issparse(part) else part
        for part in net.stack_.encoded(X)
    ]
    return np.concatenate(parts)


def _start(
    transformers: Any, net: Any, baseline: Any, features: np.ndarray
) -> np.ndarray:
    """Where the line to each row begins, (n, d)."""
    if baseline is None:
        start = mean_features(net.stack_.codings.encoder)[np.newaxis]
    else:
        start = _encoded(transformers, net, baseline)
    if len(start) not in (1, len(features)):
        raise ValueError(
            f"baseline has {len(start)} rows, but X has {len(features)}. Pass one row "
            "for all, or one for each row of X."
        )
    return np.broadcast_to(start, features.shape)


def _warn_of_gaps(misses: np.ndarray, max_steps: int) -> None:
    n_rows = int(misses.any(axis=1).sum())
    if n_rows:
        warn(
            f"Attributions of {n_rows} of {len(misses)} rows miss more than tol of "
            f"their predictions after max_steps={max_steps} steps; see gap. Raise "
            "max_steps or tol."
        )
