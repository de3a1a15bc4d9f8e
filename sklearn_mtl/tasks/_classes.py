"""Classes: two of them under one logit, or several under a softmax."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Set
from contextlib import suppress
from numbers import Real
from typing import Any, ClassVar

import numpy as np
import torch
from scipy.special import expit, softmax
from torch.nn import functional as F

from sklearn_mtl.tables import Column, is_missing
from sklearn_mtl.tasks._base import Task

LEAST_SHARE = 1e-19
"""Of the weights of a column, below which a class is nothing in float32."""


class ClassTask(Task):
    """Labels to class codes and back, for every kind whose labels are classes.

    Parameters
    ----------
    classes : array-like or None
        All classes where the first rows may not show them all (``partial_fit``).

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted, in the type of the labels.
    prior_ : ndarray of shape (n_classes,)
        Weighted share of each class among the observed labels.
    """

    is_classifier: ClassVar[bool] = True

    classes_: np.ndarray
    prior_: np.ndarray

    def __init__(self, classes: Any = None) -> None:
        self.classes = classes

    def _fit_classes(self, column: Column, weight: np.ndarray) -> None:
        self.name_ = column.name
        self._refuse_continuous(column)
        self._check_classes()
        codes, levels = column.factorize()
        counts = (codes >= 0) & (weight > 0)
        mass = np.bincount(codes[counts], weight[counts], minlength=len(levels))
        known = {levels[code]: mass[code] for code in np.flatnonzero(mass)}
        # Classes of weight 0 are not learned: their labels count as missing.
        seen = {levels[code] for code in np.unique(codes[codes >= 0])}
        self._left_out = seen.difference(
            known, () if self.classes is None else self.classes
        )
        if self.classes is not None:
            unknown = [label for label in known if label not in list(self.classes)]
            if unknown:
                raise ValueError(
                    f"Column {self.name_!r} of y holds the label {unknown[0]!r}, which "
                    f"is not among the classes given for it, {list(self.classes)!r}. "
                    "Add it there."
                )
            known = {label: known.get(label, 0.0) for label in list(self.classes)}
        ordered = self._order(known, column)
        self.classes_ = as_classes(ordered, column)
        self._code = {label: code for code, label in enumerate(ordered)}
        total = np.array([known[label] for label in ordered])
        # A class that is expected but not seen counts as half a label.
        total = np.where(total > 0, total, 0.5)
        self.prior_ = total / total.sum() if len(total) else total
        self._refuse_lost_classes(total)

    def _order(self, labels: dict[Any, float], column: Column) -> list[Any]:
        """Bring the classes into the order of ``classes_``."""
        return _sorted(labels)

    def _refuse_lost_classes(self, mass: np.ndarray) -> None:
        lost = np.flatnonzero(self.prior_ < LEAST_SHARE)
        if len(lost):
            raise ValueError(
                f"Labels {self.classes_[lost[0]]!r} of column {self.name_!r} have the "
                f"weight {mass[lost[0]]:g} in sum, which is nothing beside the "
                f"{mass.max():g} of another class. Pass a sample_weight of 0 to leave "
                "them out, or weights of a like size."
            )

    def _check_classes(self) -> None:
        if self.classes is None:
            return
        no_list = isinstance(self.classes, str | Mapping | Set)
        given = [] if no_list or not hasattr(self.classes, "__len__") else self.classes
        given = list(given)
        are_labels = all(isinstance(v, Hashable) and not is_missing(v) for v in given)
        if not given or not are_labels:
            raise TypeError(
                f"classes={self.classes!r} of column {self.name_!r}: pass a list of "
                "all classes, such as ['no', 'yes']. Missing labels are no class."
            )
        twice = [
            label for position, label in enumerate(given) if label in given[:position]
        ]
        if twice:
            raise ValueError(
                f"classes of column {self.name_!r} names {twice[0]!r} more than once. "
                "Name each class once."
            )

    def telling_share(self) -> float:
        """Twice the probability that two labels differ, at most 1.

        Of two even classes every label tells something; where one class is rare, about
        four times its share.
        """
        return float(min(1.0, 2.0 * (1.0 - np.square(self.prior_).sum())))

    def _entropy(self) -> float:
        return float(-(self.prior_ * np.log(self.prior_)).sum())

    def _refuse_continuous(self, column: Column) -> None:
        if column.content != "number" or column.values.dtype.kind != "f":
            return
        if np.isinf(column.observed).any():
            raise ValueError(
                f"Input y contains infinity in column {column.name!r}, which is read "
                f"as {self.kind}. Replace it by a class, or by NaN if the label is not "
                "known."
            )
        broken = column.observed[column.observed != np.rint(column.observed)]
        if len(broken):
            label = broken[0].item()
            raise ValueError(
                f"Unknown label type: continuous. Column {column.name!r} of y holds "
                f"{label!r} but is read as {self.kind}. Use MultiTaskNetRegressor, "
                "or task_types of MultiTaskNetEstimator, to read it as numbers; turn "
                "the labels into strings if they are names of classes."
            )

    def encode(self, column: Column) -> np.ndarray:
        """Position of each label in ``classes_``, NaN where missing."""
        codes, levels = column.factorize()
        left_out = np.array([level in self._left_out for level in levels] + [True])
        codes = np.where(left_out[codes], -1, codes)
        table = np.array([self._code.get(level, -1) for level in levels] + [-1])
        encoded = table[codes].astype(np.float64)
        unseen = (encoded < 0) & (codes >= 0)
        if unseen.any():
            label = levels[codes[np.flatnonzero(unseen)[0]]]
            raise ValueError(
                f"Column {self.name_!r} of y holds the label {label!r}, which was not "
                f"among the {len(self.classes_)} classes seen in fit "
                f"({_some(self.classes_)}). Fit on rows that hold it, or name all "
                "classes in fit_batches(..., classes=...), or in the first call of "
                "partial_fit(..., classes=...)."
                f"{or_say_the_kind(label)}"
            )
        encoded[codes < 0] = np.nan
        return encoded

    def predict(self, response: np.ndarray) -> np.ndarray:
        """Take the most probable class."""
        if not len(self.classes_):
            return np.full(len(response), None if self._is_object() else np.nan)
        return self.classes_[response.argmax(axis=1)]

    def _is_object(self) -> bool:
        return self.classes_.dtype.kind not in "f"


class Binary(ClassTask):
    """A column of at most two classes: one logit.

    Parameters
    ----------
    classes : array-like or None, default=None
        Both classes, where the first rows may not show them.

    See Also
    --------
    Multiclass : Several classes without an order.
    Ordinal : Classes in an order.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetClassifier
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"]
    >>> net = MultiTaskNetClassifier(max_iter=5, early_stopping=False).fit(X, y)
    >>> net.tasks_[0].kind, net.tasks_[0].classes_.tolist()
    ('binary', ['no', 'yes'])
    """

    kind: ClassVar[str] = "binary"

    def fit(self, column: Column, weight: np.ndarray) -> Binary:
        """Learn the classes and their shares."""
        self._fit_classes(column, weight)
        if len(self.classes_) > 2:
            raise ValueError(
                f"Column {self.name_!r} of y holds {len(self.classes_)} classes "
                f"({_some(self.classes_)}) but is read as binary. Name it 'multiclass' "
                "in task_types."
            )
        self.n_outputs_ = 1
        learns = len(self.classes_) == 2
        self.prior_cost_ = self._entropy() if learns else 0.0
        odds = np.log(self.prior_[1] / self.prior_[0]) if learns else 0.0
        self.prior_raw_ = np.array([odds])
        return self

    @staticmethod
    def loss(raw: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        """Cross-entropy of the logit."""
        logit = raw.squeeze(-1)
        return F.binary_cross_entropy_with_logits(
            logit, codes.expand_as(logit), reduction="none"
        )

    @staticmethod
    def loss_and_gradient(
        raw: torch.Tensor, codes: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss, and the error of the probability as its gradient."""
        gradient = torch.sigmoid(raw).sub_(codes.unsqueeze(-1))
        return Binary.loss(raw, codes), gradient

    def response(self, raw: np.ndarray) -> np.ndarray:
        """Turn raw outputs into probabilities of the classes."""
        if len(self.classes_) < 2:
            return np.ones((*raw.shape[:-1], len(self.classes_)))
        return np.concatenate([expit(-raw), expit(raw)], axis=-1)


FEW_CLASSES = 8
"""Up to these, torch's softmax is several times faster over another axis than the
last."""


class Multiclass(ClassTask):
    """A column of classes: one logit a class, under a softmax.

    Parameters
    ----------
    classes : array-like or None, default=None
        All classes, where the first rows may not show them.

    See Also
    --------
    Binary : At most two classes.
    Ordinal : Classes in an order.

    Examples
    --------
    >>> from sklearn_mtl import MultiTaskNetClassifier
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["a", "b", "c", "c"]
    >>> net = MultiTaskNetClassifier(max_iter=5, early_stopping=False).fit(X, y)
    >>> net.tasks_[0].kind, net.predict_proba(X).shape
    ('multiclass', (4, 3))
    """

    kind: ClassVar[str] = "multiclass"

    def fit(self, column: Column, weight: np.ndarray) -> Multiclass:
        """Learn the classes and their shares."""
        self._fit_classes(column, weight)
        n_classes = len(self.classes_)
        self.n_outputs_ = max(n_classes, 1)
        self.prior_cost_ = self._entropy() if n_classes > 1 else 0.0
        self.prior_raw_ = np.log(self.prior_) if n_classes else np.zeros(1)
        return self

    def block_width(self) -> int:
        """Round up to a power of two, so that few widths serve all class counts."""
        return 1 << (self.n_outputs_ - 1).bit_length()

    def block_key(self) -> tuple[Any, ...]:
        """Let columns of about as many classes share one softmax."""
        return type(self), self.block_width()

    @staticmethod
    def loss(raw: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
        """Cross-entropy of the softmax."""
        log_probability = F.log_softmax(raw, dim=-1)
        code = codes.long().expand(raw.shape[:-1]).unsqueeze(-1)
        return -log_probability.gather(-1, code).squeeze(-1)

    @staticmethod
    def loss_and_gradient(
        raw: torch.Tensor, codes: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss, and the errors of the probabilities as its gradient."""
        axis = -1
        if raw.shape[-1] <= FEW_CLASSES:
            axis, raw = -2, raw.transpose(-1, -2).contiguous()
        log_probability = F.log_softmax(raw, dim=axis)
        code = codes.long().expand(len(raw), *codes.shape[-2:]).unsqueeze(axis)
        loss = log_probability.gather(axis, code).squeeze(axis).neg_()
        minus_one = raw.new_full((), -1.0).expand(code.shape)
        gradient = log_probability.exp_().scatter_add_(axis, code, minus_one)
        return loss, gradient if axis == -1 else gradient.transpose(-1, -2)

    def response(self, raw: np.ndarray) -> np.ndarray:
        """Turn raw outputs into probabilities of the classes."""
        if not len(self.classes_):
            return np.ones((*raw.shape[:-1], 0))
        return softmax(raw, axis=-1)


def _sorted(labels: dict[Any, float]) -> list[Any]:
    try:
        return sorted(labels)
    except TypeError:
        return sorted(labels, key=lambda label: (type(label).__name__, str(label)))


def as_classes(labels: list[Any], column: Column) -> np.ndarray:
    """Classes as an array of the type that the labels had."""
    if column.content == "boolean":
        return np.array(labels, dtype=bool)
    if column.content == "number":
        with suppress(OverflowError):
            same_type = np.array(labels, dtype=object).astype(column.values.dtype)
            if same_type.tolist() == list(labels):
                return same_type
        return np.array(labels)
    if column.values.dtype.kind in "US":
        longest = np.result_type(column.values.dtype, np.array(labels).dtype)
        return np.array(labels, dtype=longest)
    classes = np.empty(len(labels), dtype=object)
    classes[:] = labels
    return classes


def or_say_the_kind(label: Any) -> str:
    """Say how to read numbers as such, where a label that fit did not see is one."""
    if isinstance(label, bool | np.bool_) or not isinstance(label, Real | np.number):
        return ""
    return (
        " If the column holds counts or measurements, of which fit saw 0 and 1 only, "
        "say 'count' or 'regression' for it in task_types of MultiTaskNetEstimator."
    )


def _some(classes: np.ndarray, most: int = 8) -> str:
    shown = ", ".join(repr(label) for label in classes[:most].tolist())
    return shown if len(classes) <= most else f"{shown}, ..."
