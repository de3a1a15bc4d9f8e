"""One epoch on some rows, for estimators that have class columns."""

from __future__ import annotations

from typing import Any, TypeVar

from sklearn_mtl.estimators._decorators import checks_parameters

Net = TypeVar("Net", bound=Any)


@checks_parameters
def partial_fit(
    self: Net, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
) -> Net:
    """Train for one epoch on these rows.

    The first call learns how columns are coded and scaled, so that its rows should
    show each column of X vary; no row is held out.

    Parameters
    ----------
    X, y : array-like or data frame
        As `fit` takes them.
    classes : list, dict or array, default=None
        All classes of each column, None at a numeric one, where the first rows may not
        show them all; an array for a 1-D y. Read by the first call.
    sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), default=None
        As `fit` takes it.

    Returns
    -------
    self
        The estimator after the epoch.

    Raises
    ------
    ValueError
        As `fit`, and for a label that the first call could not know.
    """
    self._fit_for_one_epoch(X, y, sample_weight, classes)
    return self
