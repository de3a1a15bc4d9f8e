"""In how far predictions stand in the order of labels, as far as it is known."""

from __future__ import annotations

import numpy as np


def concordance(
    bounds: np.ndarray, predictions: np.ndarray, weight: np.ndarray | None
) -> float:
    """Share of the pairs of a known order that are predicted in it (Harrell 1982).

    The order of two labels is known where all that one allows lies below all that the
    other allows; equal predictions count one half. NaN without such a pair.
    """
    lower, upper = _ranks_of_bounds(bounds)
    weight = np.ones(len(lower)) if weight is None else weight
    _, rank = np.unique(predictions, return_inverse=True)
    less = _mass_of_pairs(upper, lower, rank, rank, weight)
    up_to = _mass_of_pairs(upper, lower, rank, rank + 1, weight)
    order = np.argsort(upper)
    below = np.searchsorted(upper[order], lower)
    known = float(weight @ np.append(0.0, np.cumsum(weight[order]))[below])
    return 0.5 * (less + up_to) / known if known > 0 else float("nan")


def _ranks_of_bounds(bounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ranks of bounds, such that the order of i and j is known if upper_i < lower_j.

    At one number, what lies below it ("<5") comes before the number itself, and what
    lies above it (">5") after.
    """
    lower, upper = bounds.T
    exact = lower == upper
    _, rank = np.unique(bounds, return_inverse=True)
    lower_rank, upper_rank = 3 * rank.reshape(bounds.shape).T
    return lower_rank + np.where(exact, 1, 2), upper_rank + np.where(exact, 1, 0)


def _mass_of_pairs(
    upper: np.ndarray,
    lower: np.ndarray,
    rank: np.ndarray,
    limit: np.ndarray,
    weight: np.ndarray,
) -> float:
    """Sum weight_i weight_j over pairs of upper_i < lower_j and rank_i < limit_j.

    By sorting once and merging neighbouring runs that double in length.
    """
    n_labels = len(weight)
    # One sequence by the first key; a limit stands before a bound that equals it.
    first = np.concatenate([upper, lower])
    is_limit = np.repeat([False, True], n_labels)
    order = np.lexsort((~is_limit, first))
    second = np.concatenate([rank, limit])[order]
    is_limit, mass = is_limit[order], np.tile(weight, 2)[order]
    total, run = 0.0, 1
    positions = np.arange(2 * n_labels)
    while run < 2 * n_labels:
        block, in_right = positions // (2 * run), positions // run % 2 == 1
        merged = np.lexsort((~is_limit, second, block))
        gives = np.where(is_limit | in_right, 0.0, mass)[merged]
        takes = np.where(is_limit & in_right, mass, 0.0)[merged]
        before = np.cumsum(gives)
        start = np.searchsorted(block[merged], block[merged])
        of_earlier_blocks = np.append(0.0, before)[start]
        total += float(takes @ (before - of_earlier_blocks))
        run *= 2
    return total
