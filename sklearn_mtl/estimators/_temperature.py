"""How sure a network may be of its classes, by labels that it did not train on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar

from sklearn_mtl.tasks import Task

COLDEST, HOTTEST = 0.2, 5.0
"""Range in which a temperature is sought."""
PRIOR_OF_TEMPERATURE = np.log(2.0)
"""Standard deviation of the logarithm of a temperature before labels are seen."""


class Answers(NamedTuple):
    """What was said of held-out labels of a class column.

    Attributes
    ----------
    task : Task
    response : ndarray of shape (n, n_classes)
        Probabilities.
    codes : int ndarray of shape (n,)
        Position of each label's class.
    weight : ndarray of shape (n,)
    """

    task: Task
    response: np.ndarray
    codes: np.ndarray
    weight: np.ndarray

    def surprise(self, temperature: float) -> float:
        """Sum of the log-losses at a temperature."""
        tempered = self.task.tempered(self.response, temperature)
        chosen = tempered[np.arange(len(self.codes)), self.codes]
        return float(-(self.weight * np.log(np.maximum(chosen, 1e-300))).sum())


def best_temperature(columns: list[Answers]) -> float:
    """Temperature that minimises the log-loss of held-out labels (Guo et al. 2017).

    One where there is nothing to learn it from. A few labels say little, so that a
    prior keeps it near one; it fades with their number.

    Parameters
    ----------
    columns : list of Answers
        One, or all that belong together and have one temperature.
    """
    columns = [column for column in columns if len(np.unique(column.codes)) > 1]
    if not columns:
        return 1.0

    def cost(log_temperature: float) -> float:
        surprise = sum(column.surprise(np.exp(log_temperature)) for column in columns)
        return float(surprise + 0.5 * (log_temperature / PRIOR_OF_TEMPERATURE) ** 2)

    bounds = np.log(COLDEST), np.log(HOTTEST)
    found = minimize_scalar(cost, bounds=bounds, method="bounded")
    return float(np.exp(found.x))
