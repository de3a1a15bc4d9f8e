"""The contract between a kind of column and everything else."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.base import BaseEstimator

from sklearn_mtl.tables import Column


class Task(BaseEstimator):
    """One column of y, read as one kind.

    A subclass sets `kind`, learns its coding in `fit`, and defines `encode`, `loss`,
    `response` and `predict`. Parameters of a kind are arguments of its ``__init__``,
    stored as they are; what it learns ends in ``_``.

    Attributes
    ----------
    kind : str
        Name of the kind, as users write it in ``task_types``.
    is_classifier : bool
        Whether labels are classes; then `fit` sets ``classes_`` and `response`
        returns their probabilities.
    name_ : hashable
        Name of the column.
    n_outputs_ : int
        Number of raw outputs of the network that the task owns.
    prior_raw_ : ndarray of shape (n_outputs_,)
        Raw outputs that predict the prior: the network starts from them.
    prior_cost_ : float
        Mean loss of `prior_raw_` on the observed labels. Losses are divided by it, so
        that 1.0 means "no skill" whatever the kind. 0 where there is nothing to learn.

    Examples
    --------
    A kind for positive numbers, learned on the scale of their logarithm:

    >>> import numpy as np
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> from sklearn_mtl.tasks import Regression
    >>> class LogRegression(Regression):
    ...     kind = "log_regression"
    ...     def transform(self, numbers):
    ...         return np.log(numbers)
    ...     def inverse_transform(self, values):
    ...         return np.exp(values)
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 3))
    >>> y = np.exp(3 * X[:, 0])
    >>> net = MultiTaskNetEstimator(task_types=LogRegression(), random_state=0)
    >>> bool((net.fit(X, y).predict(X) > 0).all())
    True
    """

    kind: ClassVar[str]
    is_classifier: ClassVar[bool] = False

    name_: Hashable
    n_outputs_: int
    prior_raw_: np.ndarray
    prior_cost_: float

    @abstractmethod
    def fit(self, column: Column, weight: np.ndarray) -> Task:
        """Learn the coding of the labels.

        Parameters
        ----------
        column : Column
            Labels of the training rows; any of them may be missing, even all.
        weight : ndarray of shape (n_rows,)
            Weight of each label; 0 where it is missing.
        """

    @abstractmethod
    def encode(self, column: Column) -> np.ndarray:
        """Turn labels into codes.

        Returns
        -------
        codes : float64 ndarray of shape (n_rows,)
            NaN where the label is missing.

        Raises
        ------
        ValueError
            A label is outside the range of the task.
        """

    @staticmethod
    @abstractmethod
    def loss(raw: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        """Negative log-likelihood of each label.

        Parameters
        ----------
        raw : tensor of shape (..., n_outputs_)
        codes : tensor of shape (...)
            Codes; 0 where the label is missing.

        Returns
        -------
        tensor of shape (...)
        """

    @abstractmethod
    def response(self, raw: np.ndarray) -> np.ndarray:
        """Turn raw outputs into what members are averaged in.

        Parameters
        ----------
        raw : ndarray of shape (..., n_outputs_)

        Returns
        -------
        ndarray of shape (..., n_classes) or (..., 1)
            Probabilities of the classes, or the mean in units of the labels.
        """

    @abstractmethod
    def predict(self, response: np.ndarray) -> np.ndarray:
        """Turn averaged responses of shape (n_rows, m) into labels (n_rows,)."""

    @abstractmethod
    def score(
        self, column: Column, predictions: np.ndarray, weight: np.ndarray | None
    ) -> float:
        """Score predictions against the observed labels; NaN where there are none."""

    def block_key(self) -> tuple[Any, ...]:
        """Tasks of equal keys share one call of `loss`.

        A kind whose `loss` depends on parameters must put them into the key.
        """
        return type(self), self.n_outputs_

    def block_width(self) -> int:
        """Raw outputs reserved for the task: `n_outputs_`, or more of -inf."""
        return self.n_outputs_

    def describe(self) -> str:
        """Name column and kind in a message."""
        return f"column {self.name_!r} ({self.kind})"
