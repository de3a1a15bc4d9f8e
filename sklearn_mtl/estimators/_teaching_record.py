"""What columns have learned from their teachers, for users to read."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_mtl.estimators._fitted_stack import FittedStack
from sklearn_mtl.estimators._held_out import HeldOut, collect, is_known
from sklearn_mtl.estimators._lessons import Lesson
from sklearn_mtl.estimators._rows import Rows
from sklearn_mtl.estimators._teaching import Taught
from sklearn_mtl.tasks import Task


def teaching_record(
    stack: FittedStack, taught: Taught, rows: Rows, validation: Rows | None
) -> list[dict[str, Any]]:
    """Tell of each column how much it was taught, and how far it agrees.

    Parameters
    ----------
    stack : FittedStack
        As it predicts.
    taught : Taught
    rows : Rows
        Those with labels.
    validation : Rows or None
        Rows that all members stopped on, where they held out none.
    """
    assert taught.rows.held_out is not None
    source = rows if validation is None else validation
    held_out = collect(stack, taught.rows.held_out, source)
    placed = np.searchsorted(source.positions, held_out.positions)[held_out.row]
    folds = np.unique(stack.net.members.fold)[held_out.fold]
    record = []
    for position, lesson in enumerate(taught.lessons.of_columns):
        said = lesson.said if validation is None else lesson.of_validation
        assert said is not None
        record.append(
            {
                "column": stack.codings.tasks[lesson.t].name_,
                "weight": float(taught.weight[position]),
                "taught": lesson.taught_share,
                "loss_without": float(taught.loss_without[position]),
                "loss_with": float(taught.loss_with[position]),
                **_compared(held_out, lesson, said[folds, placed]),
            }
        )
    return record


def _compared(held_out: HeldOut, lesson: Lesson, said: np.ndarray) -> dict[str, float]:
    """Compare answers (a, m) with what teachers say (a,) or (a, C) of the same rows."""
    t = lesson.t
    task = held_out.tasks[t]
    response = held_out.responses[t]
    has_both = ~np.isnan(said.reshape(len(said), -1)[:, 0]) & ~np.isnan(response[:, 0])
    own = task.predict(response)
    theirs = task.predict(said.reshape(len(said), -1))
    known = is_known(held_out.labels[t])[held_out.row] & has_both
    row = held_out.row[known]
    labels = held_out.labels[t][row]
    if task.is_classifier:
        labels = held_out.tasks[t].classes_[labels.astype(np.int64)]
    of_labels = held_out.scoring_weight[row, t] * held_out.share[known]
    return {
        "score": _score(task, labels, own[known], of_labels),
        "teacher_score": _score(task, labels, theirs[known], of_labels),
        "agreement": _score(
            task, theirs[has_both], own[has_both], held_out.share[has_both]
        ),
    }


def _score(
    task: Task, labels: np.ndarray, predictions: np.ndarray, weight: np.ndarray
) -> float:
    if not len(labels):
        return float("nan")
    return float(task.score(labels, predictions, weight))
