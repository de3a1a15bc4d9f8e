"""What all kinds of numeric columns share."""

from __future__ import annotations

from numbers import Number

import numpy as np

from sklearn_mtl.tables import Column, may_be_bounds
from sklearn_mtl.tasks._base import Task

ROUNDING = 10 * float(np.finfo(np.float64).eps)
"""A spread below this share of the mean is rounding: the labels are all the same."""


class NumberTask(Task):
    """Labels that are numbers."""

    def read(self, column: Column) -> np.ndarray:
        """Read labels as floats, NaN where missing.

        Parameters
        ----------
        column : Column
            Labels; any of them may be missing.

        Returns
        -------
        float64 ndarray of shape (n_rows,)
            NaN where missing.

        Raises
        ------
        ValueError
            A label is no finite number; the message names the first.
        """
        if column.content == "category":
            self._refuse_classes(column)
            return np.full(len(column), np.nan)
        numbers = column.numbers()
        if np.isinf(numbers).any():
            raise ValueError(
                f"Input y contains infinity: column {column.name!r} holds "
                f"{numbers[np.isinf(numbers)][0]}. Replace it by a number, or by NaN "
                "if the label is not known."
            )
        return numbers

    def _refuse_classes(self, column: Column) -> None:
        if len(column.observed):
            cells = column.observed.tolist()
            if may_be_bounds(column):
                bound = next(cell for cell in cells if _is_word(cell))
                raise ValueError(
                    f"Column {column.name!r} of y holds {bound!r}, which is no number, "
                    f"but is read as {self.kind}. The kind 'censored' reads it as a "
                    f"bound (task_types={{{column.name!r}: 'censored'}})."
                )
            label = next((cell for cell in cells if _is_word(cell)), cells[0])
            raise ValueError(
                f"Column {column.name!r} of y holds {label!r}, which is "
                f"no number, but is read as {self.kind}. Turn the labels into numbers, "
                "or have the column read as classes: MultiTaskNetEstimator does, "
                "unless task_types says otherwise (e.g. "
                f"{{{column.name!r}: 'multiclass'}})."
            )

    def predict(self, response: np.ndarray) -> np.ndarray:
        """Take the first entry of the response as the prediction."""
        return response[:, 0]


def _is_word(cell: object) -> bool:
    return not isinstance(cell, Number | np.number | np.bool_)


def weighted_quantiles(
    values: np.ndarray, weight: np.ndarray, shares: np.ndarray
) -> np.ndarray:
    """Values below which given shares of the weight lie, interpolated."""
    order = np.argsort(values)
    values, weight = values[order], weight[order]
    middle = (np.cumsum(weight) - 0.5 * weight) / weight.sum()
    return np.interp(shares, middle, values)
