"""Draws of all columns of a row together."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from sklearn_mtl.estimators._arguments import checks_arguments
from sklearn_mtl.estimators._generative import CELLS_THAT_FIT
from sklearn_mtl.estimators._known_labels import held_out_labels, read_known
from sklearn_mtl.estimators._reading import seed_of
from sklearn_mtl.joint import Copula
from sklearn_mtl.tasks import Task, agreed_draws, agreed_responses


@checks_arguments(
    n_samples=[Interval(Integral, 1, None, closed="left")],
    random_state=["random_state"],
)
def sample_y(
    self: Any,
    X: Any,
    n_samples: int = 1,
    random_state: Any = 0,
    *,
    y_known: Any = None,
) -> Any:
    """Draw all columns of y together, for each row of X.

    Each column by itself is drawn as it is predicted: classes by their
    probabilities, numbers by the errors of rows that members held out. Together,
    columns depend on each other as they did in these rows beyond what X explains
    (a Gaussian copula, the same for all rows). The probability of an event, such as
    "yield above 80 and grade A", is its share of the draws.

    Parameters
    ----------
    X : data frame, array or CSR matrix of shape (n_samples_X, n_features)
    n_samples : int, default=1
        Number of draws for each row.
    random_state : int, RandomState instance or None, default=0
        None draws others each time.
    y_known : data frame of some columns of y, or array of all, default=None
        Labels that are known of these rows, missing where not. They come back as
        given, and all others are drawn given them.

    Returns
    -------
    array of shape (n_samples_X, n_samples) or (n_samples_X, n_tasks, n_samples), or \
data frame
        In the labels and units of the y passed to `fit`. Where that was a frame, all
        rows of the first draw, then those of the second: a pandas frame tells them by
        the index level "draw" before that of X, others by a column "draw".

    Raises
    ------
    ValueError
        No rows were held out: the estimator was fitted with
        ``early_stopping=False`` and without ``X_val``.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> from sklearn_mtl.datasets import load_student_performance
    >>> X, y = load_student_performance(return_X_y=True, as_frame=True)
    >>> net = MultiTaskNetEstimator(max_iter=3, random_state=0).fit(
    ...     X, y[["G2", "G3", "higher"]]
    ... )
    >>> drawn = net.sample_y(X[:5], n_samples=200)
    >>> drawn.shape, drawn.index.names[0]
    ((1000, 3), 'draw')
    >>> good = (drawn["G3"] > 12) & (drawn["higher"] == "yes")
    >>> good.groupby(level=1).mean().shape
    (5,)
    """
    check_is_fitted(self)
    copula = held_out_labels(self, "sample_y").copula
    responses = self.stack_.responses(X)
    labels = None
    if y_known is not None:
        labels = read_known(self.tasks_, y_known, len(responses[0]))
    rng = np.random.default_rng(seed_of(random_state))
    try:
        drawn = _drawn(self.tasks_, copula, responses, int(n_samples), rng, labels)
    except (MemoryError, OverflowError, ValueError) as error:
        n_cells = n_samples * len(responses[0]) * len(responses)
        if n_cells < CELLS_THAT_FIT:
            raise
        raise ValueError(
            f"n_samples={n_samples} draws of {len(responses[0])} rows and "
            f"{len(responses)} columns do not fit in memory. Draw fewer at once."
        ) from error
    columns = [
        _as_labels(task, codes) if task.is_classifier else codes
        for task, codes in zip(self.tasks_, drawn, strict=True)
    ]
    return self.stack_.codings.rebuild_draws(columns, X)


def _drawn(
    tasks: list[Task],
    copula: Copula,
    responses: list[np.ndarray],
    n_samples: int,
    rng: np.random.Generator,
    labels: np.ndarray | None,
) -> list[np.ndarray]:
    """Numbers or class codes (n, n_samples) of each column, which fit together."""
    known = np.full((len(responses[0]), len(tasks)), np.nan)
    if labels is not None:
        known, responses = labels, agreed_responses(tasks, labels, responses)
    drawn = copula.draws(responses, n_samples, rng, labels)
    return agreed_draws(tasks, known, drawn, responses)


def _as_labels(task: Any, codes: np.ndarray) -> np.ndarray:
    """Classes (n, S) of codes; missing where fit saw no label."""
    if len(task.classes_):
        classes: np.ndarray = task.classes_[codes.astype(int)]
        return classes
    unknown: np.ndarray = task.predict(np.empty((codes.size, 0)))
    return unknown.reshape(codes.shape)
