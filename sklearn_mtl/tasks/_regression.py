"""Numbers, learned as z-scores under squared error."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from sklearn.metrics import r2_score

from sklearn_mtl.tables import Column
from sklearn_mtl.tasks._base import Task


class Regression(Task):
    """A numeric column under a Gaussian likelihood.

    Codes are z-scores of the observed labels. Half the squared error is the negative
    log-likelihood up to a constant; the prior's mean costs one half.

    Attributes
    ----------
    mean_, scale_ : float
        Weighted mean and standard deviation of the observed labels.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> from sklearn_mtl.datasets import load_energy_efficiency
    >>> X, y = load_energy_efficiency(return_X_y=True)
    >>> net = MultiTaskNetEstimator(max_iter=5, random_state=0).fit(X, y)
    >>> net.tasks_[0]
    Regression()
    >>> round(net.tasks_[0].mean_, 2)
    22.31
    """

    kind: ClassVar[str] = "regression"

    mean_: float
    scale_: float

    def transform(self, numbers: np.ndarray) -> np.ndarray:
        """Turn labels into the numbers that are learned; the identity here."""
        return numbers

    def inverse_transform(self, values: np.ndarray) -> np.ndarray:
        """Undo `transform`."""
        return values

    def fit(self, column: Column, weight: np.ndarray) -> Regression:
        """Learn mean and scale from the observed labels."""
        self.name_ = column.name
        counts = weight > 0
        values = self.transform(self._read(column)[counts])
        self.n_outputs_ = 1
        self.prior_raw_ = np.zeros(1)
        if not counts.any():
            self.mean_, self.scale_, self.prior_cost_ = float("nan"), 1.0, 0.0
            return self
        self.mean_ = float(np.average(values, weights=weight[counts]))
        variance = np.average((values - self.mean_) ** 2, weights=weight[counts])
        constant = np.sqrt(variance) <= 1e-12 * max(1.0, abs(self.mean_))
        self.scale_ = 1.0 if constant else float(np.sqrt(variance))
        self.prior_cost_ = 0.0 if constant else 0.5
        return self

    def _read(self, column: Column) -> np.ndarray:
        """Labels as floats, or an error that names the first that is no number."""
        if column.content == "category":
            label = column.observed[0] if len(column.observed) else None
            if label is not None:
                raise ValueError(
                    f"Column {column.name!r} of y holds {label!r}, which is no number, "
                    f"but is read as {self.kind}. Turn the labels into numbers, or "
                    "have the column read as classes: MultiTaskNetEstimator does, "
                    f"unless task_types says otherwise (e.g. {{{column.name!r}: "
                    "'multiclass'})."
                )
            return np.full(len(column), np.nan)
        numbers = np.full(len(column), np.nan)
        numbers[~column.missing] = column.observed.astype(np.float64)
        if np.isinf(numbers).any():
            row = int(np.flatnonzero(np.isinf(numbers))[0])
            raise ValueError(
                f"Input y contains infinity: column {column.name!r} holds "
                f"{numbers[row]} in row {row}. Replace it by a number, or by NaN if "
                "the label is not known."
            )
        return numbers

    def encode(self, column: Column) -> np.ndarray:
        """Z-scores of the labels, NaN where missing."""
        return (self.transform(self._read(column)) - self.mean_) / self.scale_

    @staticmethod
    def loss(raw: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        """Half the squared error of the z-score."""
        return 0.5 * (raw.squeeze(-1) - codes).square()

    def response(self, raw: np.ndarray) -> np.ndarray:
        """Means in the units of the labels."""
        return self.inverse_transform(raw * self.scale_ + self.mean_)

    def predict(self, response: np.ndarray) -> np.ndarray:
        """Take the mean as the prediction."""
        return response[:, 0]

    def score(
        self, column: Column, predictions: np.ndarray, weight: np.ndarray | None
    ) -> float:
        """R2 over the observed labels; NaN for fewer than two."""
        numbers = self._read(column)
        counts = ~np.isnan(numbers) & ~np.isnan(predictions)
        if weight is not None:
            counts &= weight > 0
            weight = weight[counts]
        if counts.sum() < 2:
            return float("nan")
        return float(
            r2_score(numbers[counts], predictions[counts], sample_weight=weight)
        )
