"""Which column helps which, while one network learns them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import Bunch
from sklearn.utils._param_validation import StrOptions, validate_params

from sklearn_mtl.estimators import n_rows_of, seed_of, shared_sizes
from sklearn_mtl.inspection._teams import (
    each_and_pairs,
    error_over_folds,
    folds_of,
    parts_of,
    read_columns,
    shared_net,
    skill_of_teams,
)
from sklearn_mtl.training import GradientAngles, Lookahead


@validate_params(
    {"method": [StrOptions({"pairs", "gradient", "lookahead"})]},
    prefer_skip_nested_validation=True,
)
def task_affinity(
    estimator: Any,
    X: Any,
    y: Any,
    cv: Any = None,
    *,
    groups: Any = None,
    method: str = "pairs",
) -> Bunch:
    """Measure how much each column of y helps each other one.

    In every matrix that is returned, the row is the column of y that gives, and the
    column is the one that receives: ``affinity[i, j]`` is what column i does for
    column j. All columns share one network here (``own_nets="never"``).

    Parameters
    ----------
    estimator : MultiTaskNetEstimator, or a Pipeline that ends in one
        Not fitted; a copy is.
    X : data frame, array or CSR matrix of shape (n_samples, n_features)
        Features; cells may be missing.
    y : array of shape (n_samples, n_tasks), list or data frame
        Two columns or more; labels may be missing.
    cv : int or splitter, default=None
        Folds; a number makes balanced ones (`MultiTaskStratifiedKFold`), shuffled by
        the estimator's ``random_state``. None stands for 5 with "pairs"; the other
        methods score no predictions, and then train once, on all rows. With folds,
        they average over the training rows of each.
    groups : array-like of shape (n_samples,), default=None
        Rows that belong together; `cv` and the members hold them out as a whole.
    method : {"pairs", "gradient", "lookahead"}, default="pairs"
        What is measured:

        - "pairs": skill of column j on test rows when it is trained together with
          column i, minus its skill when it is trained alone. The question itself,
          answered by n_tasks * (n_tasks + 1) / 2 trainings a fold, many in one stack.
        - "gradient": cosine between the gradients of two columns in the shared
          layers, which is symmetric. Below 0, a step that helps one hurts the other.
        - "lookahead": share of the loss of column j that a gradient step on column i
          alone, in the shared layers, removes [1]_. It grows with the learning rate;
          compare its entries with each other only.

        "gradient" and "lookahead" train one network on all columns, and measure before
        each epoch on one batch, without dropout. They average over members and over
        the epochs that led to the weights which each member keeps.

    Returns
    -------
    Bunch
        With these attributes:

        - task_names : list of length n_tasks
        - method : str
        - affinity : ndarray of shape (n_tasks, n_tasks). The diagonal is 0 with
          "pairs" (a column with itself is the column alone), 1 with "gradient", and
          with "lookahead" what a step on its own loss does for a column
        - overlap : ndarray of shape (n_tasks, n_tasks), share of the rows that have a
          label of both columns
        - skill : only with "pairs", ndarray of shape (n_folds, n_tasks, n_tasks), skill
          of column j with column i, on the diagonal alone
        - standard_error : only with "pairs", ndarray of shape (n_tasks, n_tasks), of
          the affinity over folds, corrected for the rows that training sets share;
          NaN with one fold
        - norm_ratio : only with "gradient", ndarray of shape (n_tasks, n_tasks),
          length of the gradient of column i over that of column j, geometric mean

        Affinities are NaN where they could not be measured: a column that has no label
        in the test rows of any fold ("pairs"), or none to learn from.

    Raises
    ------
    TypeError
        `estimator` is no multi-task network.
    ValueError
        y has a single column, `method` is unknown, or the network has no shared layer
        to measure gradients in.

    See Also
    --------
    compare_single_task : What each column gains from all others together.
    suggest_groups : Which columns to train together.
    sklearn_mtl.plotting.TaskAffinityDisplay : The affinities as a picture.

    Notes
    -----
    Columns that have no labelled row in common have affinities too: "pairs" trains one
    network on the rows of both, and "gradient" and "lookahead" compare what the labels
    of two columns in one batch do to the shared layers, be they of the same rows or
    not. A batch without a label of a column says nothing of that column.

    A column whose loss can be negative ("heteroscedastic") is measured by "lookahead"
    only while its loss is positive, as the share of a negative loss means nothing.

    References
    ----------
    .. [1] C. Fifty, E. Amid, Z. Zhao, T. Yu, R. Anil, C. Finn, "Efficiently Identifying
       Task Groupings for Multi-Task Learning", NeurIPS 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> from sklearn_mtl.inspection import task_affinity
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 4))
    >>> y = X[:, [0, 0, 1]] + 0.1 * rng.normal(size=(200, 3))
    >>> net = MultiTaskNetEstimator(
    ...     hidden_layer_sizes=(16,), n_members=2, max_iter=20, random_state=0
    ... )
    >>> found = task_affinity(net, X, y, method="gradient")
    >>> bool(found.affinity[0, 1] > 0.5 > found.affinity[0, 2])
    True
    """
    transformers, net = parts_of(estimator)
    table = read_columns(y)
    if method != "pairs" and not shared_sizes(net):
        raise ValueError(
            f"hidden_layer_sizes={net.hidden_layer_sizes!r} leaves no layer that "
            f"columns share, so that method={method!r} has no gradients to compare. "
            "Set one hidden layer or more, or use method='pairs'."
        )
    found = MEASURES[method](transformers, net, X, y, cv, groups)
    labelled = np.column_stack([~column.missing for column in table.columns])
    overlap = labelled.T.astype(float) @ labelled / len(labelled)
    return Bunch(task_names=table.names, method=method, overlap=overlap, **found)


def _by_pairs(
    transformers: Any, net: Any, X: Any, y: Any, cv: Any, groups: Any
) -> dict[str, np.ndarray]:
    skill, shares = [], []
    for fold in folds_of(transformers, net, X, y, 5 if cv is None else cv, groups):
        n_tasks = len(read_columns(fold.y_test).columns)
        teams = each_and_pairs(n_tasks)
        of_teams = skill_of_teams(net, fold, teams)
        of_pairs = np.empty((n_tasks, n_tasks))
        for team, scores in zip(teams, of_teams, strict=True):
            first, last = team[0], team[-1]
            of_pairs[last, first], of_pairs[first, last] = scores[[first, last]]
        skill.append(of_pairs)
        shares.append(n_rows_of(fold.X_test) / n_rows_of(fold.X))
    stacked = np.stack(skill)
    alone = np.diagonal(stacked, axis1=1, axis2=2)
    difference = stacked - alone[:, np.newaxis, :]
    return {
        "affinity": _mean_of_known(difference),
        "skill": stacked,
        "standard_error": error_over_folds(difference, float(np.mean(shares))),
    }


def _by_gradient(*data: Any) -> dict[str, np.ndarray]:
    means = _probe(GradientAngles, *data)
    return {
        "affinity": means["cosine"],
        "norm_ratio": np.exp(means["log_norm_ratio"]),
    }


def _by_lookahead(*data: Any) -> dict[str, np.ndarray]:
    return {"affinity": _probe(Lookahead, *data)["gain"]}


def _probe(
    kind: type[GradientAngles] | type[Lookahead],
    transformers: Any,
    net: Any,
    X: Any,
    y: Any,
    cv: Any,
    groups: Any,
) -> dict[str, np.ndarray]:
    """Train on all rows, or on those of each fold, and average what a probe says."""
    if cv is not None:
        folds = folds_of(transformers, net, X, y, cv, groups)
        parts = ((fold.X, fold.y, fold.groups) for fold in folds)
    else:
        plain = transformers is None
        X = X if plain else clone(transformers).fit_transform(X, y)
        parts = (part for part in [(X, y, groups)])
    seed = seed_of(clone(net).random_state)
    means = []
    for X_part, y_part, groups_part in parts:
        probe = kind(seed)
        shared_net(net, [probe]).fit(X_part, y_part, groups=groups_part)
        means.append(probe.means_)
    return {
        name: _mean_of_known(np.stack([m[name] for m in means])) for name in means[0]
    }


def _mean_of_known(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis of what is not NaN."""
    return np.ma.filled(np.ma.masked_invalid(values).mean(axis=0), np.nan)


MEASURES: dict[str, Callable[..., dict[str, np.ndarray]]] = {
    "pairs": _by_pairs,
    "gradient": _by_gradient,
    "lookahead": _by_lookahead,
}
