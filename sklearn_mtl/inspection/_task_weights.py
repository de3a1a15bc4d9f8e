"""Fixed weights by which the columns' gradients are of one size."""

from __future__ import annotations

from numbers import Integral
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.utils import Bunch
from sklearn.utils._param_validation import Interval, validate_params

from sklearn_mtl.estimators import n_rows_of, seed_of, shared_sizes
from sklearn_mtl.inspection._teams import (
    error_over_folds,
    folds_of,
    parts_of,
    read_columns,
    shared_net,
    skill_of_teams,
)
from sklearn_mtl.training import GradientAngles


@validate_params(
    {"n_epochs": [Interval(Integral, 1, None, closed="left")]},
    prefer_skip_nested_validation=True,
)
def find_task_weights(
    estimator: Any,
    X: Any,
    y: Any,
    cv: Any = 5,
    *,
    groups: Any = None,
    n_epochs: int = 5,
) -> Bunch:
    """Propose fixed weights of the columns, and measure what they gain.

    A network is trained for a few epochs, in each of which the gradient of each
    column's loss in the shared layers is measured on one batch. Weights in inverse
    proportion to its length, times the ``task_weights`` that the estimator has, let all
    columns pull equally hard. What that is good for differs from table to table: the
    same is done on the training rows of each fold, and the skill on its test rows
    compared with that of the weights as they are. That weights are good where gradients
    are of one size was found by Yang et al. [1]_, who search for such weights in
    another way.

    Parameters
    ----------
    estimator : MultiTaskNetEstimator, or a Pipeline that ends in one
        Not fitted; a copy is, with ``balancing="fixed"`` and ``own_nets="never"``.
    X : data frame, array or CSR matrix of shape (n_samples, n_features)
        Features; cells may be missing.
    y : array of shape (n_samples, n_tasks), list or data frame
        Two columns or more; labels may be missing.
    cv : int or splitter, default=5
        Folds; a number makes balanced ones (`MultiTaskStratifiedKFold`), shuffled by
        the estimator's ``random_state``.
    groups : array-like of shape (n_samples,), default=None
        Rows that belong together; `cv` and the members hold them out as a whole.
    n_epochs : int, default=5
        Epochs of the short training.

    Returns
    -------
    Bunch
        With these attributes:

        - task_names : list of length n_tasks
        - task_weights : list of float, of mean 1: found on all rows, and made for the
          parameter `task_weights`
        - gradient_length : ndarray of shape (n_tasks,), geometric mean over batches, in
          units of that over the columns; NaN for a column without labels
        - skill_before, skill_after : ndarray of shape (n_folds, n_tasks), with the
          weights as they are, and with those found on the training rows
        - difference : ndarray of shape (n_tasks,), mean of what was gained
        - standard_error : ndarray of shape (n_tasks,), of the difference, corrected for
          the rows that training sets share; NaN with one fold
        - probe_seconds, training_seconds : float, of one short training and of one
          whole one, as means over folds

    Raises
    ------
    TypeError
        `estimator` is no multi-task network.
    ValueError
        y has a single column, or the network has no shared layer to measure gradients
        in.

    See Also
    --------
    task_affinity : Which columns pull against each other.

    References
    ----------
    .. [1] Y. Yang, K. Ikemura, Q. Zhang, X. Zhu, C. Li, N. Batool, S. S. Mansouri,
       J. Folkesson, "AutoScale: Linear Scalarization Guided by Multi-Task Optimization
       Metrics", arXiv:2508.13979, 2025.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import load_energy_efficiency
    >>> from sklearn_mtl.inspection import find_task_weights
    >>> X, y = load_energy_efficiency(return_X_y=True)
    >>> net = MultiTaskNetRegressor(
    ...     hidden_layer_sizes=(16,), n_members=2, max_iter=10, random_state=0
    ... )
    >>> found = find_task_weights(net, X, y, cv=2)
    >>> len(found.task_weights), found.skill_after.shape
    (2, (2, 2))
    >>> net = net.set_params(task_weights=found.task_weights).fit(X, y)
    """
    transformers, net = parts_of(estimator)
    names = read_columns(y).names
    if not shared_sizes(net):
        raise ValueError(
            f"hidden_layer_sizes={net.hidden_layer_sizes!r} leaves no layer that "
            "columns share, so that there are no gradients to compare. Set one hidden "
            "layer or more."
        )
    net = clone(net).set_params(balancing="fixed")
    team = [tuple(range(len(names)))]
    before, after, seconds, shares = [], [], [], []
    for fold in folds_of(transformers, net, X, y, cv, groups):
        start = perf_counter()
        found = _probe(net, fold.X, fold.y, fold.groups, n_epochs)
        probed = perf_counter()
        before.append(skill_of_teams(net, fold, team)[0])
        seconds.append((probed - start, perf_counter() - probed))
        weighed = clone(net).set_params(task_weights=found.weights.tolist())
        after.append(skill_of_teams(weighed, fold, team)[0])
        shares.append(n_rows_of(fold.X_test) / n_rows_of(fold.X))
    if transformers is not None:
        X = clone(transformers).fit_transform(X, y)
    found = _probe(net, X, y, groups, n_epochs)
    gained = np.array(after) - np.array(before)
    probe_seconds, training_seconds = np.mean(seconds, axis=0).tolist()
    return Bunch(
        task_names=names,
        task_weights=found.weights.tolist(),
        gradient_length=found.length,
        skill_before=np.array(before),
        skill_after=np.array(after),
        difference=gained.mean(axis=0),
        standard_error=error_over_folds(gained, float(np.mean(shares))),
        probe_seconds=probe_seconds,
        training_seconds=training_seconds,
    )


class _Found(NamedTuple):
    """Weights (T,) of mean 1, and the lengths of the gradients, (T,)."""

    weights: np.ndarray
    length: np.ndarray


def _probe(net: Any, X: Any, y: Any, groups: Any, n_epochs: int) -> _Found:
    """Train for a few epochs, and even the gradients out."""
    probe = GradientAngles(seed_of(clone(net).random_state))
    fitted = shared_net(net, [probe], max_iter=n_epochs).fit(X, y, groups=groups)
    return evened(fitted.net_.task_weight.mean(axis=0), probe.means_["log_norm_ratio"])


def evened(weights: np.ndarray, log_ratio: np.ndarray) -> _Found:
    """Divide weights (T,) by the lengths of gradients, of which ratios are known.

    Parameters
    ----------
    weights : ndarray of shape (T,)
    log_ratio : ndarray of shape (T, T)
        Logarithm of the length of the row's gradient over the column's; NaN where one
        has none, which leaves its weight as it is.
    """
    known = ~np.isnan(np.diagonal(log_ratio))
    log_length = np.full(len(weights), np.nan)
    # A row of ratios to all columns: their mean is the length over the mean length.
    log_length[known] = log_ratio[np.ix_(known, known)].mean(axis=1)
    found = weights * np.exp(-np.where(known, log_length, 0.0))
    return _Found(found / found.mean(), np.exp(log_length))
