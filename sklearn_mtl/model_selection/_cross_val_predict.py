"""Predictions of every row by an estimator that was fitted without it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils._param_validation import HasMethods, validate_params
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _num_samples

from sklearn_mtl.metrics import roles_of
from sklearn_mtl.model_selection._checks import check_has_rows
from sklearn_mtl.model_selection._group_splitter import MultiTaskStratifiedGroupKFold
from sklearn_mtl.model_selection._groups_of_members import (
    groups_of_members,
    without_single_group,
)
from sklearn_mtl.model_selection._pairs import pairs_of
from sklearn_mtl.model_selection._splitters import MultiTaskStratifiedKFold
from sklearn_mtl.tables import Roles, TargetTable, numbers_beside, rebuild_beside


@validate_params(
    {
        "estimator": [HasMethods(["fit", "predict"])],
        "n_jobs": [Integral, None],
        "params": [dict, None],
    },
    prefer_skip_nested_validation=False,
)
def cross_val_predict(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    groups: Any = None,
    cv: Any = None,
    n_jobs: int | None = None,
    method: str = "predict",
    params: dict[str, Any] | None = None,
) -> Any:
    """Predict each row by a clone that was fitted without its fold.

    `sklearn.model_selection.cross_val_predict` for a y of mixed kinds or with missing
    labels. That of scikit-learn replaces the labels of every column by codes before it
    fits with ``method="predict_proba"``: numbers become classes, and missing labels a
    class of their own.

    Parameters
    ----------
    estimator : estimator
        Of this package or of scikit-learn, also in a Pipeline or a search.
    X : data frame, array or CSR matrix of shape (n_samples, n_features)
        Features; cells may be missing.
    y : array of shape (n_samples,) or (n_samples, n_tasks), list or data frame
        Labels; any of them may be missing.
    groups : array-like of shape (n_samples,), default=None
        Rows of one group are in one fold; handed to `cv`, and to a net, whose members
        hold out whole groups.
    cv : int, splitter or iterable of (train, test), default=None
        Folds, which hold each row out once. A number (5 if None) makes that many of
        `MultiTaskStratifiedKFold`, or of `MultiTaskStratifiedGroupKFold` with `groups`.
    n_jobs : int, default=None
        Number of folds that are fitted at once, as in joblib.
    method : {"predict", "predict_proba"}, default="predict"
        What is asked of the fitted copies.
    params : dict, default=None
        Further arguments of `fit`; what has a row for each row of X is split alike.

    Returns
    -------
    array of shape (n_samples,) or (n_samples, n_tasks), or data frame
        With "predict": in the container of y, with its index.
    list of (ndarray or data frame of shape (n_samples, n_classes), or None)
        With "predict_proba": one entry a column, None at a numeric one; the entry
        itself for a 1-D y. For a pandas y they are frames whose columns are the
        classes, else arrays in the sorted or declared order of the classes. A class
        that a fold did not see has a probability of 0 there; a column of which a fold
        saw no label is missing there.

    Raises
    ------
    ValueError
        `method` is another; the folds do not hold out each row once; a column is read
        as classes in one fold and as numbers in another.

    See Also
    --------
    sklearn.model_selection.cross_val_predict : For a y of one kind without gaps.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> from sklearn_mtl.model_selection import cross_val_predict
    >>> X = np.arange(30.0)[:, None]
    >>> y = np.array([[2.0 * i, "no" if i < 15 else "yes"] for i in range(30)], object)
    >>> y[3, 1] = None
    >>> net = MultiTaskNetEstimator(max_iter=3, random_state=0)
    >>> price, sold = cross_val_predict(net, X, y, cv=3, method="predict_proba")
    >>> price is None, sold.shape
    (True, (30, 2))
    """
    if method not in ("predict", "predict_proba"):
        raise ValueError(
            f"method={method!r}: pass 'predict' or 'predict_proba'. For another one, "
            "use sklearn.model_selection.cross_val_predict."
        )
    for name in params or {}:
        if not isinstance(name, str):
            raise TypeError(
                f"params={params!r} has the key {name!r}. Pass names of arguments of "
                "fit, such as 'sample_weight'."
            )
    table = TargetTable(y)
    check_has_rows(X)
    X, y, groups = indexable(X, y, groups)
    n_rows = _num_samples(X)
    folds = pairs_of(_splitter(cv, groups), X, y, groups, n_rows)
    handed = groups_of_members(estimator, groups, params or {})
    params = {**(params or {}), **handed}
    held_out = np.concatenate([test for _, test in folds])
    _check_partition(held_out, n_rows)
    said = Parallel(n_jobs=n_jobs)(
        delayed(_fit_and_say)(
            clone(estimator),
            *(X, y, train, test, method),
            without_single_group(handed, params, train),
        )
        for train, test in folds
    )
    back = np.argsort(held_out, kind="stable")
    table = _without_auxiliary(table, [roles for *_, roles in said])
    if method == "predict":
        return _joined_predictions([one for one, *_ in said], table, y, back)
    columns = [
        _joined_probabilities(
            table.names[t],
            [_of_column(one, t, table) for one, *_ in said],
            [_of_column(classes, t, table) for _, classes, _ in said],
            [len(test) for _, test in folds],
            back,
            y,
        )
        for t in range(len(table.columns))
    ]
    return columns[0] if table.container.ndim == 1 else columns


def _splitter(cv: Any, groups: Any) -> Any:
    if cv is not None and not isinstance(cv, int | np.integer):
        return cv
    n_splits = 5 if cv is None else int(cv)
    if groups is None:
        return MultiTaskStratifiedKFold(n_splits)
    return MultiTaskStratifiedGroupKFold(n_splits)


def _check_partition(held_out: np.ndarray, n_rows: int) -> None:
    times = np.bincount(held_out, minlength=n_rows)
    if (times != 1).any():
        row = int(np.flatnonzero(times != 1)[0])
        raise ValueError(
            f"cv holds row {row} out {times[row]} times. Pass a cv that holds each row "
            "out once, such as KFold or GroupKFold."
        )


def _fit_and_say(
    estimator: Any,
    X: Any,
    y: Any,
    train: Any,
    test: Any,
    method: str,
    params: dict[str, Any],
) -> tuple[Any, Any, Roles | None]:
    """Fit on some rows; return what is said of others, the classes and roles."""
    n_rows = _num_samples(X)
    of_train = {
        name: _safe_indexing(value, train) if _has_rows(value, n_rows) else value
        for name, value in params.items()
    }
    estimator.fit(_safe_indexing(X, train), _safe_indexing(y, train), **of_train)
    said = _method_of(estimator, method)(_safe_indexing(X, test))
    return said, getattr(estimator, "classes_", None), roles_of(estimator)


def _without_auxiliary(
    table: TargetTable, of_folds: Sequence[Roles | None]
) -> TargetTable:
    """Leave out the columns of y that no fold predicts."""
    known = {roles.auxiliary: roles for roles in of_folds if roles is not None}
    if len(known) > 1:
        raise ValueError(
            "auxiliary names other columns of y in one fold than in another. Say it "
            "once, instead of searching for it."
        )
    for roles in known.values():
        return table.select(roles.positions_in(table))
    return table


def _method_of(estimator: Any, method: str) -> Callable[[Any], Any]:
    found: Callable[[Any], Any] | None = getattr(estimator, method, None)
    if found is None:
        raise AttributeError(
            f"method={method!r}: {type(estimator).__name__} has none where every "
            "column of y is read as numbers. Pass method='predict', or name the "
            "columns of classes in task_types of a MultiTaskNetEstimator."
        )
    return found


def _has_rows(value: Any, n_rows: int) -> bool:
    if isinstance(value, str | dict) or not hasattr(value, "__len__"):
        return False
    return _num_samples(value) == n_rows


def _of_column(said: Any, t: int, table: TargetTable) -> Any:
    """Entry of one column, among those of all or, for a single one, by itself."""
    if isinstance(said, list):
        return said[t]
    return said if len(table.columns) == 1 else None


def _joined_predictions(
    of_folds: Sequence[Any], table: TargetTable, y: Any, back: np.ndarray
) -> Any:
    parts = [TargetTable(one).columns for one in of_folds]
    columns = []
    for t in range(len(table.columns)):
        values = [part[t].values for part in parts]
        if len({one.dtype.kind for one in values} - set("fiu")) > 0:
            values = [one.astype(object) for one in values]
        columns.append(np.concatenate(values)[back])
    labels = [column.dtype.kind != "f" for column in columns]
    return rebuild_beside(table.container, columns, y, labels)


def _joined_probabilities(
    name: Any,
    of_folds: Sequence[Any],
    classes: Sequence[Any],
    n_rows: Sequence[int],
    back: np.ndarray,
    y: Any,
) -> Any:
    """Probabilities of all classes that any fold saw."""
    if all(one is None for one in of_folds):
        return None
    if any(one is None for one in of_folds):
        raise ValueError(
            f"Column {name!r} is read as classes in one fold and as numbers in "
            f"another. Say what it is, as task_types={{{name!r}: 'multiclass'}} does."
        )
    known = _all_classes(classes)
    position = {label: c for c, label in enumerate(known)}
    parts = []
    for said, own, n in zip(of_folds, classes, n_rows, strict=True):
        part = np.full((n, len(known)), 0.0 if len(own) else np.nan)
        part[:, [position[label] for label in np.asarray(own).tolist()]] = said
        parts.append(part)
    return numbers_beside(np.concatenate(parts)[back], known, y)


def _all_classes(of_folds: Sequence[Any]) -> list[Any]:
    """Classes of the fold that knows most; sorted where another knows one more."""
    listed = [np.asarray(classes).tolist() for classes in of_folds]
    known = max(listed, key=len)
    others = {label for classes in listed for label in classes} - set(known)
    return sorted([*known, *others]) if others else known
