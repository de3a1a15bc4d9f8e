"""What is kept of held-out rows, to learn from it once somebody asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from sklearn_mtl.joint._copula import Copula, learn_copula
from sklearn_mtl.tasks import Task

MOST_ROWS = 20_000
MOST_NUMBERS = 2_000_000
"""Kept of all responses together; correlations need no more rows."""


@dataclass(frozen=True, eq=False)
class HeldOutLabels:
    """Labels of rows that were held out, and what was predicted of them.

    Attributes
    ----------
    tasks : list of Task
    labels : ndarray of shape (n, T)
        Numbers or class codes; NaN where missing.
    responses : list of ndarray of shape (n, m)
    weight : ndarray of shape (n, T) or None
        None stands for ones.
    residual_std : ndarray of shape (T,)
    """

    tasks: list[Task]
    labels: np.ndarray
    responses: list[np.ndarray]
    weight: np.ndarray | None
    residual_std: np.ndarray

    @cached_property
    def copula(self) -> Copula:
        """Learned when it is first asked for, and not stored."""
        weight = np.ones(self.labels.shape) if self.weight is None else self.weight
        return learn_copula(
            self.tasks, self.labels, self.responses, weight, self.residual_std
        )

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: vars(self)[field.name] for field in fields(self)}


def labels_keeping(
    now: HeldOutLabels | None,
    earlier: HeldOutLabels | None,
    kept: Sequence[int],
    tasks: list[Task],
    residual_std: np.ndarray,
) -> HeldOutLabels | None:
    """Keep the labels that an earlier fit held out of some tasks, in rows of their own.

    Parameters
    ----------
    now, earlier : HeldOutLabels or None
        None where no rows were held out.
    kept : sequence of int
        Tasks of which `earlier` tells, and not `now`.
    tasks : list of Task
        All; the earlier ones come first.
    residual_std : ndarray of shape (T,)

    Returns
    -------
    HeldOutLabels or None
        None where neither tells anything.
    """
    others = [t for t in range(len(tasks)) if t not in kept]
    parts = [
        _of_tasks(record, chosen, tasks)
        for record, chosen in ((earlier, kept), (now, others))
        if record is not None
    ]
    if not parts:
        return None
    labels, weights, responses = zip(*parts, strict=True)
    weight = np.concatenate(weights)
    return HeldOutLabels(
        tasks=tasks,
        labels=np.concatenate(labels),
        responses=[np.concatenate(of_task) for of_task in zip(*responses, strict=True)],
        weight=None if (weight == 1.0).all() else weight,
        residual_std=residual_std,
    )


def _of_tasks(
    record: HeldOutLabels, chosen: Sequence[int], tasks: list[Task]
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Labels and weights (n, T) of some tasks, and responses; the prior's of others."""
    shape = len(record.labels), len(tasks)
    labels, weight = np.full(shape, np.nan), np.ones(shape)
    responses = []
    for t, task in enumerate(tasks):
        if t not in chosen:
            prior = np.atleast_2d(task.response(task.prior_raw_))
            kind = np.float32 if task.is_classifier else float
            responses.append(np.repeat(prior, len(labels), axis=0).astype(kind))
            continue
        responses.append(record.responses[t])
        labels[:, t] = record.labels[:, t]
        if record.weight is not None:
            weight[:, t] = record.weight[:, t]
    return labels, weight, responses


def rows_to_keep(n_rows: int, responses: Sequence[np.ndarray]) -> np.ndarray:
    """Spread over all rows, no more than are needed, as positions."""
    width = sum(response.shape[1] for response in responses)
    n_kept = min(n_rows, MOST_ROWS, max(MOST_NUMBERS // max(width, 1), 1))
    return np.linspace(0, n_rows - 1, n_kept).round().astype(int)
