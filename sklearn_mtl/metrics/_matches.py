"""How many labels of a row are predicted: all of them, or which share."""

from __future__ import annotations

from typing import Any

from sklearn_mtl.metrics._outcome import Outcome
from sklearn_mtl.metrics._predicted import Truth, outcomes_of_predictions
from sklearn_mtl.metrics._rows import exact_match, hamming


def exact_match_score(
    y_true: Any, y_pred: Any, *, task_types: Any = None, sample_weight: Any = None
) -> float:
    """Share of rows of which every known label is predicted (subset accuracy).

    Parameters
    ----------
    y_true : array of shape (n_samples, n_tasks), list or data frame
        Classes; labels that are missing or have the weight 0 are skipped, and so are
        rows without any label.
    y_pred : as `y_true`
        Predicted classes.
    task_types : as the parameter of the estimators, default=None
        Kinds of the columns, such as "multiclass" for classes that are numbers.
    sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), default=None
        Weight of each row; or of each label, a row then weighing what its labels do on
        average.

    Returns
    -------
    float
        Between 0 and 1; NaN where no label is left.

    Raises
    ------
    ValueError
        A column holds numbers, or labels and predictions do not fit each other.

    See Also
    --------
    hamming_score : Share of the labels, rather than of the rows.
    sklearn.metrics.accuracy_score : The same of multilabel indicators without gaps.

    Examples
    --------
    >>> from sklearn_mtl.metrics import exact_match_score
    >>> y_true = [["red", "yes"], ["blue", None], ["red", "no"]]
    >>> y_pred = [["red", "yes"], ["blue", "no"], ["red", "yes"]]
    >>> round(exact_match_score(y_true, y_pred), 3)
    0.667
    """
    return exact_match(_classes(y_true, y_pred, task_types, sample_weight))


def hamming_score(
    y_true: Any, y_pred: Any, *, task_types: Any = None, sample_weight: Any = None
) -> float:
    """Share of known labels that are predicted, over all columns: 1 - Hamming loss.

    Columns count by their number of labels. The mean of their accuracies,
    ``make_task_scorer("accuracy")``, counts all of them alike.

    Parameters
    ----------
    y_true : array of shape (n_samples, n_tasks), list or data frame
        Classes; labels that are missing or have the weight 0 are skipped.
    y_pred : as `y_true`
        Predicted classes.
    task_types : as the parameter of the estimators, default=None
        Kinds of the columns, such as "multiclass" for classes that are numbers.
    sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), default=None
        Weight of each row, or of each label.

    Returns
    -------
    float
        Between 0 and 1; NaN where no label is left.

    Raises
    ------
    ValueError
        A column holds numbers, or labels and predictions do not fit each other.

    See Also
    --------
    exact_match_score : Share of rows all of whose labels are predicted.
    sklearn.metrics.hamming_loss : What is missing to 1, of labels without gaps.

    Examples
    --------
    >>> from sklearn_mtl.metrics import hamming_score
    >>> y_true = [["red", "yes"], ["blue", None], ["red", "no"]]
    >>> y_pred = [["red", "yes"], ["blue", "no"], ["red", "yes"]]
    >>> hamming_score(y_true, y_pred)
    0.8
    """
    return hamming(_classes(y_true, y_pred, task_types, sample_weight))


def _classes(
    y_true: Any, y_pred: Any, task_types: Any, sample_weight: Any
) -> list[Outcome]:
    truth = Truth(y_true, sample_weight)
    outcomes = outcomes_of_predictions(truth, y_pred, task_types=task_types)
    for outcome in outcomes:
        if outcome.scorable and not outcome.task.is_classifier:
            raise ValueError(
                f"Column {outcome.name!r} of y_true is read as {outcome.task.kind}, "
                "and numbers are not met exactly. Leave the column out; if its numbers "
                f"are classes, pass task_types={{{outcome.name!r}: 'multiclass'}}."
            )
    return outcomes
