"""Checks of what columns were found to hold, once they are read."""

from __future__ import annotations

from typing import Any

from sklearn_mtl.tables import Column, DecodedColumns
from sklearn_mtl.tasks import Binary, Multiclass, Task, per_column


def check_decodable(columns: DecodedColumns, n_rows: int) -> None:
    if not len(columns.number) + len(columns.level):
        raise ValueError(
            f"No column of X varies over its n_samples = {n_rows} rows, so that there "
            "is nothing to reconstruct. Pass other rows or columns, or set "
            "n_unsupervised_units=0, reconstruction_weight=0 and generative=False."
        )


def check_kinds(tasks: list[Task], columns: list[Column], default_kind: str) -> None:
    """Hold regressor and classifier to what they are to scikit-learn."""
    for task, column in zip(tasks, columns, strict=True):
        if default_kind != "auto" and task.is_classifier != (default_kind == "classes"):
            promised = "classes" if default_kind == "classes" else "numbers"
            raise ValueError(
                f"task_types says {task.kind!r} for column {column.name!r}, but this "
                f"estimator reads {promised} only. Use MultiTaskNetEstimator, which "
                "takes columns of any kind."
            )


def set_classes(
    tasks: list[Task], columns: list[Column], classes: Any, ndim: int
) -> None:
    """Tell class tasks all their classes, as the first `partial_fit` may."""
    wanted = (
        [classes]
        if ndim == 1
        else per_column(classes, [column.name for column in columns], "classes")
    )
    for place, (task, column, known) in enumerate(
        zip(tasks, columns, wanted, strict=True)
    ):
        if known is None:
            continue
        if not task.is_classifier:
            raise ValueError(
                f"classes names classes for column {column.name!r}, which is read as "
                f"{task.kind}. Pass None there."
            )
        if isinstance(task, Binary | Multiclass):
            task = Binary() if len(known) <= 2 else Multiclass()
        tasks[place] = task.set_params(classes=known)
