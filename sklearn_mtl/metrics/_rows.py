"""Scores of whole rows: what several columns say of a row together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sklearn_mtl.metrics import _ranking
from sklearn_mtl.metrics._outcome import Outcome, known_classes
from sklearn_mtl.tasks import Task


def exact_match(outcomes: Sequence[Outcome]) -> float:
    """Share of rows of which every known label is predicted."""
    outcomes = _scorable(outcomes)
    hits = _hits(outcomes)
    all_hit = np.where(np.isnan(hits), 1.0, hits).min(axis=1, initial=1.0)
    all_hit[np.isnan(hits).all(axis=1)] = np.nan
    return mean_of_rows(all_hit, _row_weight(outcomes))


def hamming(outcomes: Sequence[Outcome]) -> float:
    """Share of known labels that are predicted, all columns taken together."""
    outcomes = _scorable(outcomes)
    return mean_of_rows(_hits(outcomes), _label_weight(outcomes))


def row_roc_auc(outcomes: Sequence[Outcome]) -> float:
    """Mean over rows of the area under the ROC curve of their labels."""
    return _mean_of_ranking(_ranking.row_roc_auc, outcomes)


def label_ranking_average_precision(outcomes: Sequence[Outcome]) -> float:
    """Mean over rows of the average precision of their labels."""
    return _mean_of_ranking(_ranking.average_precision_of_rows, outcomes)


def precision_at_k(outcomes: Sequence[Outcome], *, k: Any = 5) -> float:
    """Mean over rows of the share of relevant labels among the k highest."""
    if not isinstance(k, int | np.integer) or isinstance(k, bool) or k < 1:
        raise ValueError(f"k={k!r}: pass a whole number of at least 1.")
    return _mean_of_ranking(_ranking.precision_of_first, outcomes, k=int(k))


def is_class_column(task: Task) -> bool:
    """Whether labels can be met exactly."""
    return task.is_classifier


def is_tag(task: Task) -> bool:
    """Whether a column has two classes, of which the second is relevant or not."""
    return task.is_classifier and len(known_classes(task)) == 2


def mean_of_rows(values: np.ndarray, weight: np.ndarray | None) -> float:
    """Weighted mean of what is not NaN; NaN where nothing remains."""
    known = ~np.isnan(values)
    if not known.any():
        return float("nan")
    if weight is None:
        return float(values[known].mean())
    return float(np.average(values[known], weights=weight[known]))


def mean_weight(counts: np.ndarray, weight: np.ndarray | None) -> np.ndarray | None:
    """Weight of each row: that of its labels, on average over those that count."""
    if weight is None:
        return None
    n_labels = np.maximum(counts.sum(axis=1), 1)
    mean: np.ndarray = np.where(counts, weight, 0.0).sum(axis=1) / n_labels
    return mean


def _scorable(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.scorable]


def _hits(outcomes: Sequence[Outcome]) -> np.ndarray:
    return _aligned(outcomes, [o.labels == o.predictions for o in outcomes])


def _mean_of_ranking(
    of_rows: Callable[..., np.ndarray], outcomes: Sequence[Outcome], **kwargs: Any
) -> float:
    outcomes = _scorable(outcomes)
    responses = [o.response for o in outcomes if o.response is not None]
    relevant = _aligned(outcomes, [o.labels == 1 for o in outcomes])
    scores = _aligned(outcomes, [response[:, 1] for response in responses])
    return mean_of_rows(of_rows(relevant, scores, **kwargs), _row_weight(outcomes))


def _aligned(outcomes: Sequence[Outcome], cells: Sequence[np.ndarray]) -> np.ndarray:
    """One column an outcome, NaN where its label does not count."""
    n_rows = max((outcome.rows[-1] + 1 for outcome in outcomes), default=0)
    table = np.full((n_rows, len(outcomes)), np.nan)
    for t, (outcome, values) in enumerate(zip(outcomes, cells, strict=True)):
        table[outcome.rows, t] = values
    return table


def _label_weight(outcomes: Sequence[Outcome]) -> np.ndarray | None:
    weights = [outcome.weight for outcome in outcomes if outcome.weight is not None]
    return _aligned(outcomes, weights) if weights else None


def _row_weight(outcomes: Sequence[Outcome]) -> np.ndarray | None:
    weight = _label_weight(outcomes)
    return None if weight is None else mean_weight(~np.isnan(weight), weight)
