"""Which columns of X the prediction of each column of y rests on."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import Bunch
from sklearn.utils._param_validation import Interval, validate_params
from sklearn.utils.validation import check_is_fitted

from sklearn_mtl.estimators import (
    AskedRows,
    held_out_rows,
    n_rows_of,
    new_rows,
    seed_of,
)
from sklearn_mtl.inspection._moved_costs import MovedCosts, Part
from sklearn_mtl.inspection._teams import folds_of, parts_of
from sklearn_mtl.tables import mask_of_columns, read_groups


@validate_params(
    {
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "confidence": [Interval(Real, 0, 1, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def feature_importances(
    estimator: Any,
    X: Any,
    y: Any,
    cv: Any = None,
    *,
    features: Any = None,
    groups: Any = None,
    n_repeats: int = 5,
    confidence: float = 0.95,
) -> Bunch:
    """Measure how much skill each column of y loses when a column of X is permuted.

    Permutation importance [1]_ on rows that were not trained on, of all columns of y in
    one pass over the stack of networks. What encodes a column of X moves as a whole:
    the levels of a category, the parts of a date, the sign that a cell is missing.

    Parameters
    ----------
    estimator : MultiTaskNetEstimator, or a Pipeline that ends in one
        Fitted, unless `cv` says that copies are to be fitted. In a Pipeline, columns of
        X are those that the network reads, past the other steps.
    X : data frame, array or CSR matrix of shape (n_samples, n_features)
        Cells may be missing.
    y : as passed to ``fit``
        Labels may be missing.
    cv : None, "prefit", int or splitter, default=None
        Which rows are asked for, and of whom:

        - None: the rows that `estimator` was fitted on, of `X` and `y` as ``fit`` got
          them. Each row is asked of the members that held it out: nothing is fitted,
          and no other rows are needed.
        - "prefit": rows that `estimator` was not fitted on, of all members.
        - folds: a copy of `estimator` is fitted on the training rows of each, and asked
          for the others. A number makes balanced folds (`MultiTaskStratifiedKFold`).
    features : list or dict, default=None
        Columns of X, by name or position. A dict names groups of columns,
        ``{"shape": ["height", "width"]}``, which are permuted together: columns that
        repeat each other hide each other otherwise. All columns by default, one by one.
    groups : array-like of shape (n_samples,), default=None
        Rows that belong together: folds hold them out as a whole, and intervals count
        them as one.
    n_repeats : int, default=5
        How often each column is permuted.
    confidence : float, default=0.95
        Confidence of each interval.

    Returns
    -------
    Bunch
        With these attributes:

        - task_names : list of length n_tasks
        - feature_names : list of length n_columns, columns of X or names of groups
        - importances : ndarray of shape (n_columns, n_tasks), what `skill_score` loses.
          For numbers, that is R2. NaN where nothing can be scored
        - interval : ndarray of shape (n_columns, n_tasks, 2), over rows: how far the
          rows at hand, as those that lose their cells and as those that give theirs,
          tell of others like them. Networks are taken as they are
        - of_repeats : ndarray of shape (n_repeats, n_columns, n_tasks)
        - skill : ndarray of shape (n_tasks,), without any permutation: what there is
          to lose
        - n_rows : int ndarray of shape (n_tasks,), labels that were compared

    Raises
    ------
    TypeError
        `estimator` is no multi-task network.
    ValueError
        With ``cv=None``, X and y are not those of ``fit``, or members held no rows out;
        or `features` names what is no column of X.

    See Also
    --------
    integrated_gradients : What moved the prediction of one row.
    sklearn.inspection.permutation_importance : For one column, by any score; of the
        views in ``estimators_``.

    References
    ----------
    .. [1] A. Fisher, C. Rudin, F. Dominici, "All Models are Wrong, but Many are Useful:
       Learning a Variable's Importance by Studying an Entire Class of Prediction Models
       Simultaneously", Journal of Machine Learning Research 20, 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.inspection import feature_importances
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> y = np.column_stack([X[:, 0], X[:, 0] - 2 * X[:, 1]])
    >>> net = MultiTaskNetRegressor(max_iter=20, random_state=0).fit(X, y)
    >>> found = feature_importances(net, X, y)
    >>> found.importances.argmax(axis=0).tolist(), found.importances.shape
    ([0, 1], (3, 2))
    >>> (found.interval[..., 0] > 0.1).tolist()  # the lower ends
    [[True, True], [False, True], [False, False]]
    """
    parts = _parts(estimator, X, y, cv, groups)
    names, chosen = _features_chosen(features, parts[0].asked)
    generator = np.random.default_rng(seed_of(parts_of(estimator)[1].random_state))
    orders = [
        [generator.permutation(len(part.asked)) for _ in range(n_repeats)]
        for part in parts
    ]
    costs = MovedCosts(parts, orders, _units(groups, n_rows_of(X)))
    of_repeats, interval = zip(
        *(costs.skill_lost(columns, confidence) for columns in chosen), strict=True
    )
    lost = np.stack(of_repeats, axis=1)
    return Bunch(
        task_names=[task.name_ for task in parts[0].asked.stack.tasks],
        feature_names=names,
        importances=lost.mean(axis=0),
        interval=np.stack(interval),
        of_repeats=lost,
        skill=costs.skill,
        n_rows=costs.n_labels.astype(int),
    )


def _parts(estimator: Any, X: Any, y: Any, cv: Any, groups: Any) -> list[Part]:
    """Find the rows to ask for, and whom; several parts where folds are fitted."""
    transformers, net = parts_of(estimator)
    if cv is not None and not isinstance(cv, str):
        return [
            Part(new_rows(fitted, fold.X_test, fold.y_test), fold.test)
            for fold in folds_of(transformers, net, X, y, cv, groups)
            for fitted in [clone(net).fit(fold.X, fold.y, groups=fold.groups)]
        ]
    if cv not in (None, "prefit"):
        raise ValueError(
            f"cv={cv!r}: pass None for the rows that members held out in fit, 'prefit' "
            "for rows that are new to the estimator, a number of folds or a splitter."
        )
    check_is_fitted(
        net,
        msg="This %(name)s is not fitted. Call fit first, or pass a number of folds as "
        "cv, on which copies are fitted.",
    )
    if transformers is not None:
        X = transformers.transform(X)
    asked = (held_out_rows if cv is None else new_rows)(net, X, y)
    return [Part(asked, asked.rows.positions)]


def _features_chosen(
    features: Any, asked: AskedRows
) -> tuple[list[Any], list[np.ndarray]]:
    """Give names, and the positions of the columns that move together."""
    columns = asked.stack.codings.encoder.column_names_
    if features is None:
        return list(columns), list(np.arange(len(columns))[:, np.newaxis])
    if isinstance(features, dict):
        masks = [
            mask_of_columns(_several(own), columns, f"features[{name!r}]")
            for name, own in features.items()
        ]
        chosen = list(map(np.flatnonzero, masks))
        names = list(features)
    else:
        positions = np.flatnonzero(
            mask_of_columns(_several(features), columns, "features")
        )
        chosen = list(positions[:, np.newaxis])
        names = [columns[j] for j in positions]
    if not names or not all(map(len, chosen)):
        raise ValueError(
            f"features={features!r} chooses no column of X, or has a group without "
            "any. Name one column or more, or leave features at None for all."
        )
    return names, chosen


def _several(columns: Any) -> Sequence[Any]:
    if isinstance(columns, str) or not hasattr(columns, "__len__"):
        raise ValueError(
            f"features holds {columns!r}, which is no list. Pass a list of columns of "
            "X, by name or position, or a dict of such lists."
        )
    several: Sequence[Any] = columns
    return several


def _units(groups: Any, n_rows: int) -> np.ndarray:
    """Give numbers (n_rows,) to what intervals count as one: rows, or groups."""
    if groups is None:
        return np.arange(n_rows)
    codes: np.ndarray = read_groups(groups, np.ones(n_rows, dtype=bool)).codes
    return codes
