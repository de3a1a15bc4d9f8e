"""How much a column's loss counts, by what its labels can tell."""

from __future__ import annotations

import numpy as np

from sklearn_mtl.tasks._base import Task

LABELS_OF_HALF = 100
"""Labels by which a column counts half as much as one of labels without end."""


def telling_labels(task: Task, weight: np.ndarray) -> float:
    """Count the labels that tell something, at least one.

    Weighted labels count as so many of equal weights as would tell the same [1]_; of
    a rare class and the others, about four times those of the rare one.

    Parameters
    ----------
    task : Task
        Fitted to the labels.
    weight : ndarray of shape (n_rows,)
        Weight of each label; 0 where it is missing.

    References
    ----------
    .. [1] L. Kish, "Survey Sampling", Wiley 1965.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl import MultiTaskNetClassifier
    >>> from sklearn_mtl.tasks import telling_labels
    >>> bought = np.repeat([0, 1], [990, 10])
    >>> X = np.arange(1000.0)[:, np.newaxis]
    >>> (task,) = MultiTaskNetClassifier(max_iter=1).fit(X, bought).tasks_
    >>> round(telling_labels(task, np.ones(1000)), 1)
    39.6
    """
    largest = weight.max(initial=0.0)
    if not largest:
        return 1.0
    share = weight / largest  # whose squares neither overflow nor vanish
    effective = share.sum() ** 2 / np.square(share).sum()
    return max(1.0, float(task.telling_share() * effective))


def weight_of_loss(labels: np.ndarray) -> np.ndarray:
    """Weight of the loss of columns of so many telling labels, from 0 to 1.

    Losses in units of the prior are as many measurements of one thing, how well a
    network has learned. Each is off by chance, with a variance that goes as one over
    the number of labels, and by what is special to its column. Measurements are best
    averaged by weights of one over the sum of both variances [1]_: so columns of many
    labels count alike, and those of few in proportion to these.

    Parameters
    ----------
    labels : ndarray of shape (n_tasks,)

    References
    ----------
    .. [1] R. DerSimonian, N. Laird, "Meta-analysis in clinical trials", Controlled
       Clinical Trials 7, 1986.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl.tasks import weight_of_loss
    >>> weight_of_loss(np.array([4.0, 100.0, 10_000.0])).round(2)
    array([0.04, 0.5 , 0.99])
    """
    weight: np.ndarray = labels / (labels + LABELS_OF_HALF)
    return weight
