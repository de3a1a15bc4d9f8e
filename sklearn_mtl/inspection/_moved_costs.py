"""What predictions cost once rows have the cells of other rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student_t

from sklearn_mtl.estimators import AskedRows
from sklearn_mtl.metrics import Outcome, metrics_of, row_costs


class Part(NamedTuple):
    """Rows to ask for, and where in the user's X they stand."""

    asked: AskedRows
    positions: np.ndarray


class MovedCosts:
    """Costs of predictions before and after some cells of each row are another row's.

    Parameters
    ----------
    parts : sequence of Part
    orders : sequence of lists of int ndarray
        Of each part: for each row, the one whose cells it gets, once a repeat.
    units : int ndarray of shape (n_samples,)
        Rows of one unit count as one in intervals.

    Attributes
    ----------
    n_labels : ndarray of shape (n_tasks,)
    prior_cost : ndarray of shape (n_tasks,)
        Mean cost of the best constants: of 0 skill.
    skill : ndarray of shape (n_tasks,)
    """

    def __init__(
        self,
        parts: Sequence[Part],
        orders: Sequence[Sequence[np.ndarray]],
        units: np.ndarray,
    ) -> None:
        self.parts, self.orders, self.units = parts, orders, units
        self.outcomes = [part.asked.outcomes() for part in parts]
        self.costs = [list(map(_costs, outcomes)) for outcomes in self.outcomes]
        numbers = np.array([list(map(len, own)) for own in self.costs], dtype=float)
        prior = np.array([list(map(_prior_cost, own)) for own in self.outcomes])
        # Where no part has labels, there is nothing to divide by.
        with np.errstate(invalid="ignore"):
            self.n_labels = numbers.sum(axis=0)
            prior[numbers == 0] = 0.0
            self.prior_cost = (numbers * prior).sum(axis=0) / self.n_labels
            paid = np.array([[cost.sum() for cost in own] for own in self.costs])
            mean = paid.sum(axis=0) / self.n_labels
            self.skill = 1.0 - mean / self.prior_cost

    def skill_lost(
        self, columns: np.ndarray, confidence: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Tell the skill that is lost when columns of X are permuted.

        Returns
        -------
        of_repeats : ndarray of shape (n_repeats, n_tasks)
        interval : ndarray of shape (n_tasks, 2)
        """
        n_repeats, n_tasks = len(self.orders[0]), len(self.n_labels)
        total = np.zeros((n_repeats, n_tasks))
        sums, numbers = np.zeros((2, len(self.units), n_tasks))
        for part, orders, outcomes, costs in zip(
            self.parts, self.orders, self.outcomes, self.costs, strict=True
        ):
            for repeat, order in enumerate(orders):
                responses = part.asked.responses_with_cells_of(order, columns)
                for t, outcome in enumerate(outcomes):
                    rows = outcome.rows
                    added = _costs(_moved(outcome, responses[t][rows])) - costs[t]
                    total[repeat, t] += added.sum()
                    # A row tells as one that loses its cells, and as one that gives.
                    for role in (rows, order[rows]):
                        sums[part.positions[role], t] += added
                        numbers[part.positions[role], t] += 1
        with np.errstate(invalid="ignore", divide="ignore"):
            lost = total / (self.n_labels * self.prior_cost)
            added_to_each = (sums - total.mean(axis=0) / self.n_labels * numbers) / (
                n_repeats * self.n_labels * self.prior_cost
            )
        half = _half_width(added_to_each, self.units, numbers > 0, confidence)
        mean = lost.mean(axis=0)
        return lost, np.stack([mean - half, mean + half], axis=-1)


def _half_width(
    influence: np.ndarray, units: np.ndarray, counts: np.ndarray, confidence: float
) -> np.ndarray:
    """Half of the interval of sums of what rows (n,) add, one (n, T) a task."""
    half = np.full(influence.shape[1], np.nan)
    for t, (own, counted) in enumerate(zip(influence.T, counts.T, strict=True)):
        _, unit = np.unique(units[counted], return_inverse=True)
        sums = np.bincount(unit, own[counted])
        if len(sums) < 2:
            continue
        error = np.sqrt((sums**2).sum() * len(sums) / (len(sums) - 1))
        half[t] = error * student_t.ppf(0.5 + confidence / 2, len(sums) - 1)
    return half


def _costs(outcome: Outcome) -> np.ndarray:
    return row_costs(outcome) if outcome.scorable else np.zeros(0)


def _moved(outcome: Outcome, response: np.ndarray) -> Outcome:
    """Put another response beside the same labels."""
    if not outcome.scorable or outcome.task.is_classifier:
        return replace(outcome, response=response)
    predictions = outcome.task.predict(response)
    return replace(outcome, response=response, predictions=predictions)


def _prior_cost(outcome: Outcome) -> float:
    """Mean cost of no skill, told by the cost and the skill of a constant."""
    if not outcome.scorable:
        return np.nan
    assert outcome.response is not None
    first = np.zeros(len(outcome.labels), dtype=int)
    constant = replace(
        outcome,
        predictions=outcome.predictions[first],
        response=outcome.response[first],
    )
    skill = metrics_of(outcome.task)[0].of(constant)
    return float(row_costs(constant).mean() / (1.0 - skill))
