"""The same network with each way of sharing, on the same folds."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from numbers import Real
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import Bunch
from sklearn.utils._param_validation import Interval, validate_params

from sklearn_mtl.estimators import n_rows_of
from sklearn_mtl.inspection._teams import (
    folds_of,
    paired_interval,
    parts_of,
    read_columns,
    skill_of_teams,
)
from sklearn_mtl.nn import SHARING, Sharing

BASELINE = "hard"


@validate_params(
    {"confidence": [Interval(Real, 0, 1, closed="neither")]},
    prefer_skip_nested_validation=True,
)
def compare_sharing(
    estimator: Any,
    X: Any,
    y: Any,
    cv: Any = 5,
    *,
    ways: Sequence[Any] | None = None,
    groups: Any = None,
    confidence: float = 0.95,
) -> Bunch:
    """Compare ways of sharing the network between columns with hard sharing.

    On each fold the estimator is trained once with every way, in a stack of its own, as
    the layers differ. Seeds, folds and the rows that members hold out are the same, so
    that what differs is the sharing alone; columns do not go their own way here
    (``own_nets="never"``).

    Parameters
    ----------
    estimator : MultiTaskNetEstimator, or a Pipeline that ends in one
        Not fitted; copies are, whatever its own `sharing` says.
    X : data frame, array or CSR matrix of shape (n_samples, n_features)
        Features; cells may be missing.
    y : array of shape (n_samples, n_tasks), list or data frame
        Two columns or more; labels may be missing.
    cv : int or splitter, default=5
        Folds; a number makes balanced ones (`MultiTaskStratifiedKFold`), shuffled by
        the estimator's ``random_state``.
    ways : list of str or `Sharing`, default=None
        Values of the parameter `sharing`; None tries every one that has a name. "hard"
        is tried always, and comes first.
    groups : array-like of shape (n_samples,), default=None
        Rows that belong together; `cv` and the members hold them out as a whole.
    confidence : float, default=0.95
        Confidence of the intervals.

    Returns
    -------
    Bunch
        With these attributes:

        - table : data frame with a row a way; without pandas, a dict of its columns. It
          holds the mean "skill" over columns, its "difference" to "hard", the "low" and
          "high" end of the paired confidence interval of the difference over folds, its
          variance corrected for the rows that training sets share [1]_ (NaN with one
          fold), the "worst" skill of a column and the "worst column", and the "seconds"
          of a fold
        - ways : list of str; objects are named by how they print
        - task_names : list of length n_tasks
        - skill : ndarray of shape (n_ways, n_folds, n_tasks)
        - difference : ndarray of shape (n_ways, n_tasks), mean over folds of what each
          column gains over "hard"
        - interval : ndarray of shape (n_ways, n_tasks, 2), of that

    Raises
    ------
    TypeError
        `estimator` is no multi-task network.
    ValueError
        y has a single column; a way is unknown or named twice; `confidence` is not
        between 0 and 1; or the network cannot be trained in one of the ways, as
        "soft" without a hidden layer.

    See Also
    --------
    compare_single_task : Hard sharing and networks of one column, each of which stops
        when it is best.

    References
    ----------
    .. [1] C. Nadeau, Y. Bengio, "Inference for the Generalization Error", Machine
       Learning 52, 2003.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import make_multitask
    >>> from sklearn_mtl.inspection import compare_sharing
    >>> X, y = make_multitask(
    ...     150, n_features=8, n_tasks=4, relatedness=1.0, noise=1.0, random_state=0
    ... )
    >>> net = MultiTaskNetRegressor(
    ...     hidden_layer_sizes=(16,), n_members=2, max_iter=5, random_state=0
    ... )
    >>> found = compare_sharing(net, X, y, cv=2, ways=["hard", "none", "mmoe"])
    >>> found.table.shape, found.skill.shape
    ((3, 7), (3, 2, 4))
    >>> bool(found.table.loc["hard", "difference"] == 0)
    True
    """
    transformers, net = parts_of(estimator)
    names = read_columns(y).names
    by_name = _by_name(list(SHARING) if ways is None else ways)
    everyone = [tuple(range(len(names)))]
    skill, seconds, shares = [], [], []
    for fold in folds_of(transformers, net, X, y, cv, groups):
        shares.append(n_rows_of(fold.X_test) / n_rows_of(fold.X))
        of_fold = []
        for way in by_name.values():
            start = perf_counter()
            own = clone(net).set_params(sharing=way)
            of_fold.append(skill_of_teams(own, fold, everyone)[0])
            seconds.append(perf_counter() - start)
        skill.append(of_fold)
    return _summary(
        list(by_name),
        names,
        np.array(skill).transpose(1, 0, 2),
        np.reshape(seconds, (len(skill), -1)).mean(axis=0),
        float(np.mean(shares)),
        confidence,
    )


def _by_name(ways: Sequence[Any]) -> dict[str, Any]:
    """Name every way, hard sharing first."""
    if isinstance(ways, str):
        raise ValueError(f"ways={ways!r} is one name. Pass a list, as [{ways!r}].")
    named: dict[str, Any] = {}
    for position, way in enumerate(ways):
        known = isinstance(way, Sharing) or (isinstance(way, str) and way in SHARING)
        if not known:
            raise ValueError(
                f"ways[{position}]={way!r} is no way of sharing. Choose from "
                f"{', '.join(map(repr, SHARING))}, or pass an object of "
                "sklearn_mtl.nn, as MixtureOfExperts(n_experts=8)."
            )
        name = way if isinstance(way, str) else repr(way)
        if name in named:
            raise ValueError(f"ways holds {name} twice. Name each way once.")
        named[name] = way
    return {BASELINE: BASELINE} | named


def _summary(
    ways: list[str],
    task_names: list[Any],
    skill: np.ndarray,
    seconds: np.ndarray,
    test_share: float,
    confidence: float,
) -> Bunch:
    """Summarize skill (n_ways, n_folds, n_tasks), whose first way is the baseline."""
    ahead = skill - skill[0]
    of_mean = np.array(
        [paired_interval(a.mean(axis=1), test_share, confidence) for a in ahead]
    )
    by_column = skill.mean(axis=1)
    columns = {
        "skill": by_column.mean(axis=1),
        "difference": ahead.mean(axis=(1, 2)),
        "low": of_mean[:, 0],
        "high": of_mean[:, 1],
        "worst": by_column.min(axis=1),
        "worst column": [task_names[t] for t in by_column.argmin(axis=1)],
        "seconds": seconds,
    }
    return Bunch(
        table=_framed(columns, ways),
        ways=ways,
        task_names=task_names,
        skill=skill,
        difference=ahead.mean(axis=1),
        interval=np.array([paired_interval(a, test_share, confidence) for a in ahead]),
    )


def _framed(columns: dict[str, Any], index: list[str]) -> Any:
    if find_spec("pandas") is None:
        return columns
    import pandas as pd

    return pd.DataFrame(columns, index=pd.Index(index, name="sharing"))
