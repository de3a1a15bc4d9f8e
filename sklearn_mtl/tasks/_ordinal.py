"""Classes that stand in an order."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from scipy.special import log_expit
from torch.nn import functional as F

from sklearn_mtl.tables import Column
from sklearn_mtl.tasks._classes import ClassTask


class Ordinal(ClassTask):
    """A column of ordered classes: one cumulative logit a threshold.

    A raw output is the logit of lying above the lowest class; every further one is
    turned into a positive step down to the next threshold's logit by a softplus, so
    that the cumulative probabilities of McCullagh's model [1]_ never cross and those
    of the classes are positive and sum to 1.

    Classes are ordered as a column of ordered categories declares them, else as they
    sort. ``estimators_[j].predict_rank(X)`` gives the expected rank.

    Parameters
    ----------
    classes : array-like or None, default=None
        All classes in their order, where labels do not sort that way or the first rows
        may not show them.

    See Also
    --------
    Multiclass : Several classes without an order.

    References
    ----------
    .. [1] P. McCullagh, "Regression Models for Ordinal Data", Journal of the Royal
       Statistical Society B 42, 1980.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> from sklearn_mtl.tasks import Ordinal
    >>> X = np.linspace(-1, 1, 90)[:, None]
    >>> y = np.repeat(["low", "middle", "high"], 30)
    >>> net = MultiTaskNetEstimator(
    ...     task_types=Ordinal(["low", "middle", "high"]), max_iter=30, random_state=0
    ... ).fit(X, y)
    >>> net.classes_.tolist()
    ['low', 'middle', 'high']
    >>> rank = net.estimators_[0].predict_rank([[-1.0], [1.0]])
    >>> bool(rank[0] < 0.5), bool(rank[1] > 1.5)
    (True, True)
    """

    kind: ClassVar[str] = "ordinal"

    def fit(self, column: Column, weight: np.ndarray) -> Ordinal:
        """Learn the classes, their order and their shares."""
        self._fit_classes(column, weight)
        n_classes = len(self.classes_)
        self.n_outputs_ = max(n_classes - 1, 1)
        self.prior_cost_ = self._entropy() if n_classes > 1 else 0.0
        self.prior_raw_ = np.zeros(self.n_outputs_)
        if n_classes > 1:
            above = np.cumsum(self.prior_[::-1])[-2::-1]
            logits = np.log(above) - np.log(np.cumsum(self.prior_)[:-1])
            steps = np.maximum(-np.diff(logits), 1e-12)
            self.prior_raw_ = np.concatenate([logits[:1], np.log(np.expm1(steps))])
        return self

    def _order(self, labels: dict[Any, float], column: Column) -> list[Any]:
        if self.classes is not None:
            return list(self.classes)
        if column.ordered and column.levels is not None:
            return [level for level in column.levels if level in labels]
        return super()._order(labels, column)

    @staticmethod
    def loss(raw: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        """Cross-entropy of the class probabilities."""
        steps = F.softplus(raw[..., 1:]).cumsum(dim=-1)
        logits = torch.cat([raw[..., :1], raw[..., :1] - steps], dim=-1)
        end = torch.zeros_like(raw[..., :1])
        # log(s(a) - s(b)) = log s(a) + log s(-b) + log s(c), where a - b = softplus(c)
        log_probability = (
            torch.cat([end, F.logsigmoid(logits)], dim=-1)
            + torch.cat([F.logsigmoid(-logits), end], dim=-1)
            + torch.cat([end, F.logsigmoid(raw[..., 1:]), end], dim=-1)
        )
        code = codes.long().expand(raw.shape[:-1]).unsqueeze(-1)
        return -log_probability.gather(-1, code).squeeze(-1)

    def response(self, raw: np.ndarray) -> np.ndarray:
        """Turn raw outputs into probabilities of the classes."""
        if len(self.classes_) < 2:
            return np.ones((*raw.shape[:-1], len(self.classes_)))
        steps = np.logaddexp(0.0, raw[..., 1:]).cumsum(axis=-1)
        logits = np.concatenate([raw[..., :1], raw[..., :1] - steps], axis=-1)
        end = np.zeros_like(raw[..., :1])
        log_probability = (
            np.concatenate([end, log_expit(logits)], axis=-1)
            + np.concatenate([log_expit(-logits), end], axis=-1)
            + np.concatenate([end, log_expit(raw[..., 1:]), end], axis=-1)
        )
        return np.exp(log_probability)
