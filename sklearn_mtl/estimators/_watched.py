"""Whose held-out losses say when members stop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sklearn_mtl.tasks import weight_of_loss


def watch_weights(
    share: np.ndarray, labels: np.ndarray, predicted: Sequence[int]
) -> np.ndarray:
    """How much each column counts where members stop, beside its share, (n_tasks,).

    A column that nobody asks for is not to keep members from stopping: the predicted
    ones alone should count. But few labels held out hardly tell when it is time to,
    and what all columns share is best at about the same epoch for all. So a predicted
    column counts by what its labels tell, by the weights of `weight_of_loss`, and lends
    what is left to the auxiliary columns, as small columns do in `shrinkage_of`.

    Parameters
    ----------
    share : ndarray of shape (n_tasks,)
        Weight of each column's loss.
    labels : ndarray of shape (n_tasks,)
        How many labels of each column tell something.
    predicted : sequence of int
        Positions of the columns that are predicted; the others are auxiliary.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl.estimators._watched import watch_weights
    >>> share, labels = np.array([0.5, 0.25, 0.25]), np.array([300.0, 900.0, 900.0])
    >>> watch_weights(share, labels, [0])
    array([0.75, 0.25, 0.25])
    >>> watch_weights(share, labels, [0, 1, 2])
    array([1., 1., 1.])
    """
    watched = np.ones(len(share))
    auxiliary = np.ones(len(share), dtype=bool)
    auxiliary[predicted] = False
    if not auxiliary.any():
        return watched
    watched[~auxiliary] = weight_of_loss(labels[~auxiliary])
    lent = share[~auxiliary] @ (1.0 - watched[~auxiliary])
    total = share[auxiliary].sum()
    watched[auxiliary] = lent / total if total > 0 else 0.0
    return watched
