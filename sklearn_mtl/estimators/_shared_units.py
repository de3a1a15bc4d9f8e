"""The shared units: for models that come after, and how columns use them."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_mtl.training import norms_of_links


def transform(self: Any, X: Any) -> Any:
    """Compute the units of the last shared layer, of all members.

    They are what the heads read: features that serve every column of y. They know
    the labels of the rows passed to `fit`, so judge what comes after by rows that
    neither has seen, as cross-validation of a Pipeline does.

    Parameters
    ----------
    X : data frame, array or CSR matrix of shape (n_samples, n_features)

    Returns
    -------
    array of shape (n_samples, n_members * n_units), or data frame
        Member after member; a data frame where `set_output` asks for one. Columns
        that went on alone (``sharing_``) are not told apart: units are those of
        the network that all share.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> from sklearn_mtl.datasets import load_energy_efficiency
    >>> X, y = load_energy_efficiency(return_X_y=True, as_frame=True)
    >>> net = MultiTaskNetEstimator(
    ...     hidden_layer_sizes=(32, 4), n_members=1, max_iter=5, random_state=0
    ... ).fit(X, y)
    >>> net.transform(X).shape
    (768, 4)
    >>> net.get_feature_names_out()[:2]
    array(['multitasknetestimator0', 'multitasknetestimator1'], dtype=object)
    """
    check_is_fitted(self)
    return self.stack_.units(X)


def factor_usage(self: Any) -> np.ndarray:
    """Share of each column's prediction that rests on each shared unit.

    An ndarray of shape (n_tasks, n_members * n_units), units in the order of
    `transform` and `get_feature_names_out`. What counts is the length of the vector
    of weights from the unit into the column's head, times the unit's standard
    deviation over at most 256 of the rows passed to `fit`. Each row sums to 1. It
    is 0 throughout where all links of a column were cut, and NaN for a column that
    went on alone (``sharing_``) or had nothing to learn from.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> net = MultiTaskNetRegressor(
    ...     hidden_layer_sizes=(),  # the units are the columns of X themselves
    ...     n_members=1,
    ...     learning_rate_init=0.02,
    ...     head_sparsity=0.1,
    ...     own_nets="never",
    ...     random_state=0,
    ... ).fit(X, X @ [[1, 1], [0, 1]])
    >>> net.factor_usage_.round(1)
    array([[1. , 0. ],
           [0.5, 0.5]])
    """
    check_is_fitted(self)
    norms = norms_of_links(self.net_)
    norms = norms[..., self.stack_.codings.predicted]
    strength = norms.reshape(-1, norms.shape[-1]).T * self._unit_std
    total = strength.sum(axis=1, keepdims=True)
    usage = np.divide(strength, total, out=strength, where=total > 0)
    usage[~_reads_what_is_shared(self)] = np.nan
    return usage


def gate_usage(self: Any) -> np.ndarray:
    """Share of what each column reads that comes from each expert.

    An ndarray of shape (n_tasks, n_members * n_experts), member after member: the
    weights that the column's gate gives on average over at most 256 of the rows passed
    to `fit`, of the highest level where there are several. Each row sums to 1. It is
    NaN for a column that went on alone (``sharing_``) or had nothing to learn from.

    Experts of one number have nothing in common between members: compare columns, and
    average over members after that.

    Raises
    ------
    AttributeError
        The way of sharing has no gates.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import make_multitask
    >>> X, y = make_multitask(100, n_features=4, n_tasks=3, random_state=0)
    >>> net = MultiTaskNetRegressor(
    ...     sharing="mmoe", hidden_layer_sizes=(8,), n_members=5, max_iter=5
    ... ).fit(X, y)
    >>> net.gate_usage_.reshape(3, 5, 4).sum(axis=2).round(3)[0]
    array([0.2, 0.2, 0.2, 0.2, 0.2])
    """
    check_is_fitted(self)
    found = getattr(self, "_gate_usage", None)
    if found is None:
        raise AttributeError(
            f"gate_usage_ is not known: sharing={self.sharing!r} has no gates. Set "
            "sharing='mmoe', or another way of sharing with experts."
        )
    # Gates may give to experts that do not exist, as those of "dselect_k" can.
    found = found / (found.sum(axis=-1, keepdims=True) * len(found))
    by_task = np.moveaxis(found, 0, 1)[self.stack_.codings.predicted]
    usage: np.ndarray = by_task.reshape(len(by_task), -1)
    usage[~_reads_what_is_shared(self)] = np.nan
    return usage


def _reads_what_is_shared(self: Any) -> np.ndarray:
    """Tell columns that learn and stay with the net of all, as bool (n_tasks,)."""
    weighs = self.net_.task_weight.any(axis=0)[self.stack_.codings.predicted]
    learned = weighs & [task.prior_cost_ > 0 for task in self.tasks_]
    reads: np.ndarray = learned & (self.sharing_ != "own")
    return reads
