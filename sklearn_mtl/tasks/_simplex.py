"""Parts that sum to a total."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any, ClassVar

import numpy as np
import torch
from scipy.special import softmax

from sklearn_mtl.tables import Column
from sklearn_mtl.tasks._column_group import ColumnGroup
from sklearn_mtl.tasks._numbers import NumberTask

Tensor = torch.Tensor

LEAST_SHARE = 1e-6
"""Of the total, that the prior gives a part at least."""
CONSTANT = 1e-12
"""Cost of the prior below which a part is the same share in all rows."""


class Simplex(ColumnGroup):
    """Columns of numbers, the parts of a total that each row sums to.

    Shares of land, contents of a mixture, hours of a day: a tuple of columns in
    ``task_types``. The network outputs one number a part, and their softmax is the
    shares, so that predictions are never negative and sum to the total. The loss of a
    part is the cross-entropy of its share against the rest; the gradients of all parts
    together are those of a fractional multinomial logit [1]_, a quasi-likelihood that
    takes shares of 0.

    One part that is missing follows from the others. Where more are missing, those that
    are known are learned from.

    Parameters
    ----------
    total : float, default=1.0
        What the parts of a row sum to.
    tolerance : float, default=0.01
        How far the sum of a row may be from the total, as a share of it.

    References
    ----------
    .. [1] L. E. Papke, J. M. Wooldridge, "Econometric methods for fractional response
       variables", Journal of Applied Econometrics 11, 1996.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_mtl import MultiTaskNetEstimator
    >>> from sklearn_mtl.tasks import Simplex
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(-1, 1, size=(200, 2))
    >>> parts = np.exp(np.column_stack([X[:, 0], X[:, 1], np.zeros(200)]))
    >>> parts = 100 * parts / parts.sum(axis=1, keepdims=True)
    >>> y = pd.DataFrame(parts, columns=["sand", "silt", "clay"])
    >>> net = MultiTaskNetEstimator(
    ...     task_types={("sand", "silt", "clay"): Simplex(total=100)},
    ...     max_iter=5,
    ...     random_state=0,
    ... ).fit(X, y)
    >>> bool(np.allclose(net.predict(X).sum(axis=1), 100, rtol=1e-9))
    True
    """

    kind: ClassVar[str] = "simplex"

    def __init__(self, total: Any = 1.0, tolerance: Any = 0.01) -> None:
        self.total = total
        self.tolerance = tolerance

    def task_of(self, columns: tuple[Hashable, ...], position: int) -> Part:
        """Make the unfitted task of one part."""
        return Part(self, columns, position)

    def completed(
        self, tasks: Sequence[Any], columns: Sequence[Column], rows: np.ndarray
    ) -> list[Column]:
        """Fill in the only missing part of a row, the rest of the total."""
        self._check(columns[0].name)
        values = np.column_stack(
            [
                task.labels_of(column)
                for task, column in zip(tasks, columns, strict=True)
            ]
        )
        known = ~np.isnan(values)
        self._refuse_sums(values, rows, [column.name for column in columns])
        if known.all():
            return list(columns)
        filled = self._filled(values)
        return [
            replace(
                column,
                values=np.where(np.isnan(filled[:, j]), 0.0, filled[:, j]),
                missing=np.isnan(filled[:, j]),
                content="number",
                levels=None,
                codes=None,
            )
            if (np.isnan(values[:, j]) & ~np.isnan(filled[:, j])).any()
            else column
            for j, column in enumerate(columns)
        ]

    def _check(self, name: Hashable) -> None:
        for said, value in (("total", self.total), ("tolerance", self.tolerance)):
            fits = isinstance(value, Real) and 0 < float(value) < np.inf
            if not fits and not (said == "tolerance" and value == 0):
                raise ValueError(
                    f"{said}={value!r} of the Simplex of column {name!r}: pass a "
                    "positive number, such as Simplex(total=100, tolerance=0.01)."
                )

    def _filled(self, values: np.ndarray) -> np.ndarray:
        """Parts (n, m), of which one that is missing is the rest of the total."""
        missing = np.isnan(values)
        rest = np.maximum(self.total - np.nansum(values, axis=1), 0.0)
        follows = missing & (missing.sum(axis=1) == 1)[:, np.newaxis]
        return np.where(follows, rest[:, np.newaxis], values)

    def _refuse_sums(
        self, values: np.ndarray, rows: np.ndarray, names: Sequence[Hashable]
    ) -> None:
        known, sums = ~np.isnan(values), np.nansum(values, axis=1)
        slack = self.total * (self.tolerance + 1e-9)
        wrong = sums > self.total + slack
        complete = known.all(axis=1)
        wrong |= complete & (sums < self.total - slack)
        if not wrong.any():
            return
        first = np.flatnonzero(wrong)[0]
        remedy = "Correct the row, make parts that are not known missing"
        if 2 * wrong[complete].sum() > complete.sum():
            usual = float(np.median(sums[complete]))
            remedy = "If they are not all parts of the total, name the others too"
            if (np.abs(sums[complete] - usual) <= usual * self.tolerance).all():
                remedy = f"If the total is another, say it: Simplex(total={usual:.6g})"
        elif abs(sums[first] / self.total - 1) < 0.2:
            remedy += ", or allow for rounding: Simplex(tolerance=...)"
        known_only = "" if known[first].all() else " by its known parts alone"
        raise ValueError(
            f"Row {int(rows[first])} of the columns {list(names)} sums to "
            f"{sums[first]:.6g}{known_only}, but they are read as parts of "
            f"{self.total:g} ({wrong.sum()} rows do not fit). {remedy}; where each row "
            "has a total of its own, divide by it."
        )

    def fit(
        self, tasks: Sequence[Any], columns: Sequence[Column], weight: np.ndarray
    ) -> None:
        """Learn the mean share of each part, and what it costs to predict them."""
        for task, column, own in zip(tasks, columns, weight.T, strict=True):
            task.fit(column, own)
        shares = np.array([task.share_ for task in tasks])
        left = max(1.0 - np.nansum(shares), LEAST_SHARE)
        unknown = np.isnan(shares)
        shares[unknown] = left / max(unknown.sum(), 1)
        prior = np.log(np.maximum(shares, LEAST_SHARE))
        prior -= prior.mean()
        costs = np.zeros(len(tasks))
        for j, (task, column) in enumerate(zip(tasks, columns, strict=True)):
            task.prior_raw_, task.group_prior_ = prior[[j]], prior
            counts = weight[:, j] > 0
            if counts.any():
                codes = task.encode(column)[counts]
                raw = np.broadcast_to(prior, (len(codes), len(prior))).copy()
                loss = task.loss_of_arrays(raw, codes)
                costs[j] = np.average(loss, weights=weight[counts, j])
        varies = costs > CONSTANT
        for task, cost, known in zip(tasks, costs, ~unknown, strict=True):
            # A share that is always the same has to be held against those that are not.
            least = costs[varies].mean() if varies.any() and known else 0.0
            task.prior_cost_ = float(cost if cost > CONSTANT else least)

    def completed_codes(self, tasks: Sequence[Any], labels: np.ndarray) -> np.ndarray:
        """Fill in the only missing part of a row, the rest of the total."""
        names = [task.name_ for task in tasks]
        self._refuse_sums(labels, np.arange(len(labels)), names)
        return self._filled(labels)

    def agreed(
        self,
        tasks: Sequence[Any],
        labels: np.ndarray,
        responses: Sequence[np.ndarray],
    ) -> list[np.ndarray]:
        """Let the parts that are not known fill what the known ones leave."""
        said = np.column_stack([response[:, 0] for response in responses])
        filled = self._closed(labels, said)
        return [
            np.concatenate([filled[:, [j]], response[:, 1:]], axis=1)
            for j, response in enumerate(responses)
        ]

    def _closed(self, labels: np.ndarray, said: np.ndarray) -> np.ndarray:
        """Parts (..., m): those that are known, and the others scaled to the rest."""
        known = ~np.isnan(labels)
        given = np.where(known, labels, 0.0)
        rest = np.maximum(self.total - given.sum(axis=-1, keepdims=True), 0.0)
        free = ~known & ~np.isnan(said)
        others = np.where(free, np.maximum(said, 0.0), 0.0)
        none_left = free & (others.sum(axis=-1, keepdims=True) <= 0)
        others = np.where(none_left, 1.0, others)
        share = others / np.maximum(others.sum(axis=-1, keepdims=True), 1e-300)
        return np.where(known, labels, np.where(np.isnan(said), said, rest * share))

    def agreed_draws(
        self,
        tasks: Sequence[Any],
        labels: np.ndarray,
        drawn: Sequence[np.ndarray],
        responses: Sequence[np.ndarray],
    ) -> list[np.ndarray]:
        """Let the draws of parts that are not known fill what the known ones leave."""
        closed = self._closed(labels[:, np.newaxis, :], np.stack(drawn, axis=-1))
        return list(np.moveaxis(closed, -1, 0))

    def limits(self, tasks: Sequence[Any], labels: np.ndarray) -> np.ndarray:
        """From 0 to what the known parts leave."""
        rest = np.maximum(self.total - np.nansum(labels, axis=1, keepdims=True), 0.0)
        return np.stack(np.broadcast_arrays(np.zeros(labels.shape), rest))


class Part(NumberTask):
    """One of the columns of a `Simplex`.

    Parameters
    ----------
    group : Simplex
    columns : tuple of hashable
        Names of all parts.
    position : int
        That of the column among these.
    """

    kind: ClassVar[str] = Simplex.kind

    share_: float
    group_prior_: np.ndarray

    def __init__(self, group: Any, columns: Any, position: int) -> None:
        self.group = group
        self.columns = columns
        self.position = position

    @property
    def group_position(self) -> int:
        """Position among the parts."""
        return self.position

    def labels_of(self, column: Column) -> np.ndarray:
        """Parts as floats, NaN where missing."""
        numbers = self.read(column)
        if (numbers < 0).any():
            raise ValueError(
                f"Column {column.name!r} of y holds {np.nanmin(numbers):g}, but a part "
                f"of {self.group.total:g} is never negative. Correct the label, or "
                "make it missing."
            )
        return numbers

    def fit(self, column: Column, weight: np.ndarray) -> Part:
        """Learn the mean share; the group learns the rest."""
        self.name_, self.n_outputs_ = column.name, 1
        counts = weight > 0
        self.share_, self.prior_cost_ = float("nan"), 0.0
        if counts.any():
            codes = self.encode(column)[counts]
            self.share_ = float(np.average(codes, weights=weight[counts]))
        return self

    def encode(self, column: Column) -> np.ndarray:
        """Shares of the total, NaN where missing."""
        return np.minimum(self.labels_of(column) / self.group.total, 1.0)

    @staticmethod
    def loss(raw: Tensor, codes: Tensor) -> Tensor:
        """Deviance of each share against the rest, whose raw outputs stand still."""
        own = raw.squeeze(-1)
        logit = own - _log_sum_of_others(own.detach())
        return _deviance(logit, codes)

    @staticmethod
    def loss_and_gradient(raw: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Loss, and the errors of the shares: the gradient of the multinomial loss."""
        own = raw.squeeze(-1)
        loss = _deviance(own - _log_sum_of_others(own), codes)
        return loss, (torch.softmax(own, dim=-1) - codes).unsqueeze(-1)

    def loss_of_arrays(self, raw: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Deviance of the share by raw outputs (..., m) of all parts."""
        own = torch.from_numpy(np.ascontiguousarray(raw))
        logit = (own - _log_sum_of_others(own))[..., self.position]
        found: np.ndarray = _deviance(logit, torch.from_numpy(codes)).numpy()
        return found

    def read_prior(self) -> np.ndarray:
        """Raw outputs of all parts that predict their priors."""
        return self.group_prior_

    def response(self, raw: np.ndarray) -> np.ndarray:
        """Compute the part, by raw outputs (..., m) of all."""
        if np.isnan(self.share_):
            return np.full((*raw.shape[:-1], 1), np.nan)
        own = [self.position]
        part: np.ndarray = self.group.total * softmax(raw, axis=-1)[..., own]
        return part

    def block_key(self) -> tuple[Any, ...]:
        """Parts of one total share one call of `loss`."""
        return type(self), self.columns

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        """Show the group, and of which column it is."""
        name = getattr(self, "name_", self.columns[self.position])
        return f"{self.group!r} of column {name!r}"


def _log_sum_of_others(raw: Tensor) -> Tensor:
    """Logarithm of the sum of exponentials of all other entries of the last axis.

    Exact also where one entry outweighs all others, of which one alone can.
    """
    top = raw.argmax(dim=-1, keepdim=True)
    without_top = raw.scatter(-1, top, -torch.inf).logsumexp(dim=-1, keepdim=True)
    log_sum = raw.logsumexp(dim=-1, keepdim=True)
    share = (raw - log_sum).exp().scatter(-1, top, 0.0)
    return (log_sum + torch.log1p(-share)).scatter(-1, top, without_top)


def _deviance(logit: Tensor, shares: Tensor) -> Tensor:
    """Cross-entropy of shares, less their own entropy: 0 where they are met."""
    own = torch.special.entr(shares) + torch.special.entr(1.0 - shares)
    return torch.nn.functional.softplus(logit) - shares * logit - own
