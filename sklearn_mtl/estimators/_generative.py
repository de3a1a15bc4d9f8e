"""Rows of X that a generative network draws, and how likely it finds others."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from sklearn_mtl.estimators._arguments import checks_arguments
from sklearn_mtl.estimators._reading import seed_of
from sklearn_mtl.tables import rare_level_cost, unseen_rows
from sklearn_mtl.training import GenerativeModel

CELLS_THAT_FIT = 2**28
"""Fewer cells fit in memory anywhere: another error is no matter of size."""
N_DRAWS = 32
"""Draws of the latent variables that bound the density of a row."""


def is_generative(estimator: Any) -> bool:
    """Whether the estimator was asked for a distribution of x."""
    if getattr(estimator.reconstruction, "generative", False):
        return True
    raise AttributeError(
        f"This {type(estimator).__name__} has no distribution of X. Set "
        "reconstruction=VariationalAutoencoder() and fit it."
    )


@checks_arguments(
    n_samples=[Interval(Integral, 1, None, closed="left")],
    random_state=["random_state"],
)
def sample(self: Any, n_samples: int = 1, random_state: Any = None) -> Any:
    """Draw rows of X from the network; needs a `VariationalAutoencoder`.

    Cells are never missing. Numbers are normal around what the network decodes, so
    that they may lie beyond the range of those passed to `fit`; integers are
    rounded.

    Parameters
    ----------
    n_samples : int, default=1
        Rows to draw.
    random_state : int, RandomState instance or None, default=None
        None draws other rows each time.

    Returns
    -------
    data frame, array or CSR matrix of shape (n_samples, n_features)
        In the container, columns, types and units of the X passed to `fit`.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> from sklearn_mtl.datasets import load_student_performance
    >>> from sklearn_mtl.nn import VariationalAutoencoder
    >>> X, y = load_student_performance(return_X_y=True, as_frame=True)
    >>> net = MultiTaskNetEstimator(
    ...     hidden_layer_sizes=(32, 8),
    ...     reconstruction=VariationalAutoencoder(),
    ...     max_iter=5,
    ...     random_state=0,
    ... ).fit(X, y)
    >>> drawn = net.sample(3, random_state=0)
    >>> drawn.shape == (3, X.shape[1]), set(drawn["school"]) <= {"GP", "MS"}
    (True, True)
    """
    check_is_fitted(self)
    rng = np.random.default_rng(seed_of(random_state))
    model, maker = _model_of(self), self.stack_.codings.row_maker
    n_columns = len(maker.encoder.column_names_)
    try:
        return maker.rows(*model.sample(int(n_samples), rng), rng)
    except (MemoryError, OverflowError, ValueError) as error:
        if n_samples * n_columns < CELLS_THAT_FIT:
            raise
        raise ValueError(
            f"n_samples={n_samples} rows of {n_columns} columns do not fit in memory. "
            "Draw fewer at once."
        ) from error


def score_samples(self: Any, X: Any) -> np.ndarray:
    """Bound the log-density of rows from below; needs a `VariationalAutoencoder`.

    The bound is that of importance-weighted autoencoders (Burda et al. 2016) with
    32 draws, for the mixture of all members. Missing cells are integrated over, so
    that rows with gaps say less and are compared among themselves. Constant
    columns have no density and are left out.

    Parameters
    ----------
    X : data frame, array or CSR matrix of shape (n_samples, n_features)
        Rows, with the columns of the X passed to `fit`.

    Returns
    -------
    ndarray of shape (n_samples,)
        In the units of X, as `KernelDensity.score_samples` has it: nats, of a
        density in the numbers and a probability in the categories. ``-inf`` for
        rows with a category that `fit` did not see.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.nn import VariationalAutoencoder
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 1)) @ np.ones((1, 3)) + rng.normal(size=(200, 3))
    >>> net = MultiTaskNetRegressor(
    ...     hidden_layer_sizes=(16, 2),
    ...     reconstruction=VariationalAutoencoder(),
    ...     n_members=2,
    ...     random_state=0,
    ... ).fit(X, X[:, 0])
    >>> usual, odd = net.score_samples([[0.0, 0.0, 0.0], [4.0, -4.0, 4.0]])
    >>> bool(usual > odd)
    True
    """
    check_is_fitted(self)
    model, maker = _model_of(self), self.stack_.codings.row_maker
    # One seed for good: a row's score is the same in every call.
    noise = np.random.default_rng(0).standard_normal((N_DRAWS, model.n_latent))
    unit = np.log(maker.columns.unit)

    def log_density(part: Any) -> np.ndarray:
        features, gaps = maker.features_and_gaps(part)
        found = model.log_likelihood(features, gaps, noise)
        found -= np.where(gaps, 0.0, unit).sum(axis=1)
        found -= rare_level_cost(maker.encoder, part)
        found[unseen_rows(maker.encoder, part)] = -np.inf
        return found

    return np.concatenate([log_density(part) for part in self.stack_.parts(X)])


def _model_of(estimator: Any) -> GenerativeModel:
    module = estimator.net_.module_
    if getattr(module, "latent", None) is None:
        raise ValueError(
            "reconstruction was set after fit, so that the network has no distribution "
            "of X. Fit it again."
        )
    return GenerativeModel(module)
