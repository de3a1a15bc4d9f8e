"""Boxes that hold all numeric labels of a row together."""

from __future__ import annotations

import numpy as np

from sklearn_mtl.joint._marginals import spread_of
from sklearn_mtl.joint._record import HeldOutLabels

TIE = 1e-9
"""Shares that are closer are equal."""


def joint_level(record: HeldOutLabels, coverage: float, *, normalize: bool) -> float:
    """Tell at which coverage intervals of single columns hold a row's labels together.

    The largest rank of a row's errors, each among those of its column, is itself ranked
    over the held-out rows. Labels that a row lacks are drawn given the others.

    Returns
    -------
    float
        Between `coverage` and that of Bonferroni's intervals.
    """
    numeric = [
        t
        for t, task in enumerate(record.tasks)
        if not task.is_classifier and not np.isnan(record.labels[:, t]).all()
    ]
    if len(numeric) < 2:
        return coverage
    bonferroni = 1.0 - (1.0 - coverage) / len(numeric)
    rows, labels = _completed(record, numeric)
    worst = np.zeros(len(rows))
    for t in numeric:
        error = _errors(record, t, rows, labels[t], normalize)
        known = np.sort(error[~np.isnan(record.labels[rows, t])])
        rank = np.searchsorted(known, error, "right") / (len(known) + 1)
        worst = np.maximum(worst, rank)
    rank_of_row = int(np.ceil(coverage * (len(worst) + 1) - TIE))
    if rank_of_row > len(worst):
        return bonferroni
    found = np.partition(worst, rank_of_row - 1)[rank_of_row - 1]
    return float(np.clip(found, coverage, bonferroni))


def _completed(
    record: HeldOutLabels, numeric: list[int]
) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Rows with a numeric label, and all their numeric labels, drawn where missing."""
    known = ~np.isnan(record.labels[:, numeric])
    rows = np.flatnonzero(known.any(axis=1))
    if known[rows].all():
        return rows, {t: record.labels[rows, t] for t in numeric}
    given = np.full((len(rows), len(record.tasks)), np.nan)
    given[:, numeric] = record.labels[rows][:, numeric]
    responses = [response[rows] for response in record.responses]
    # One seed for good: an interval is the same in every call.
    drawn = record.copula.draws(responses, 1, np.random.default_rng(0), given)
    return rows, {t: drawn[t][:, 0] for t in numeric}


def _errors(
    record: HeldOutLabels, t: int, rows: np.ndarray, labels: np.ndarray, normalize: bool
) -> np.ndarray:
    response = record.responses[t][rows]
    error = np.abs(labels - response[:, 0])
    if not normalize:
        return error
    scaled: np.ndarray = error / spread_of(
        record.tasks[t], response, record.residual_std[t]
    )
    return scaled
