"""One column of a tree of classes."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np
import torch
from scipy.special import softmax

from sklearn_mtl.tables import Column
from sklearn_mtl.tasks._classes import ClassTask
from sklearn_mtl.tasks._families import (
    Structure,
    ancestors,
    chain_of,
    chosen_path,
    downwards,
    families_of,
    masks_of,
)
from sklearn_mtl.tasks._tempering import LEAST_PROBABILITY

Tensor = torch.Tensor

ParentOf = dict[Hashable, Hashable]


class Level(ClassTask):
    """One of the columns of a `ClassTree`.

    Parameters
    ----------
    group : ClassTree
    columns : tuple of hashable
        Names of all columns, from the top down.
    position : int
        That of the column among these.
    classes : array-like or None, default=None
        All classes, where the first rows may not show them.
    """

    kind: ClassVar[str] = "class_tree"

    structure_: Structure
    width_: int
    group_prior_: np.ndarray
    parent_of_: ParentOf

    def __init__(
        self, group: Any, columns: Any, position: int, classes: Any = None
    ) -> None:
        self.group = group
        self.columns = columns
        self.position = position
        self.classes = classes

    @property
    def group_position(self) -> int:
        """Position among the columns, from the top down."""
        return self.position

    def fit(self, column: Column, weight: np.ndarray) -> Level:
        """Learn the classes and their shares; the group learns the rest."""
        self._fit_classes(column, weight)
        self.n_outputs_ = max(len(self.classes_), 1)
        self.prior_raw_ = np.log(self.prior_) if len(self.classes_) else np.zeros(1)
        return self

    def learn_prior(self, group_prior: np.ndarray) -> None:
        """Learn the raw outputs of all priors, and what that of the column costs."""
        self.group_prior_, self.prior_cost_ = group_prior, 0.0
        if len(self.classes_) > 1:
            probability = self.response(group_prior)
            self.prior_cost_ = float(-(self.prior_ * np.log(probability)).sum())

    def parent_labels(self, above: Level) -> ParentOf:
        """Give the parent of each class, as labels."""
        codes, names = self.structure_[self.position], above.classes_.tolist()
        return {
            label: names[code]
            for label, code in zip(self.classes_.tolist(), codes, strict=True)
        }

    def block_width(self) -> int:
        """As many as the column of the most classes needs, a power of two."""
        own = 1 << (self.n_outputs_ - 1).bit_length()
        return getattr(self, "width_", own)

    def block_key(self) -> tuple[Any, ...]:
        """Columns of one tree share one call of `loss`."""
        return type(self), self.columns, self.structure_

    def loss(self, raw: Tensor, codes: Tensor) -> Tensor:
        """Cross-entropy within the parent, and of those above, which stand still."""
        within, _ = self._within(raw, codes)
        above = within.cumsum(dim=-1) - within
        return within + above.detach()

    def loss_and_gradient(self, raw: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Loss, and the errors of the probabilities within the parent."""
        within, log_probability = self._within(raw, codes)
        code = codes.long().expand(within.shape).unsqueeze(-1)
        gradient = log_probability.exp()
        gradient.scatter_add_(-1, code, gradient.new_full((), -1.0).expand(code.shape))
        return within.cumsum(dim=-1), gradient

    def _within(self, raw: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Cross-entropy (..., L) within the parents, and log-probabilities there."""
        levels, family, members = masks_of(self.structure_, self.width_, raw.device)
        code = codes.long()
        of_family = members[levels, family[levels, code]]
        masked = torch.where(of_family, raw, -torch.inf)
        log_probability = torch.log_softmax(masked, dim=-1)
        code = code.expand(masked.shape[:-1]).unsqueeze(-1)
        return -log_probability.gather(-1, code).squeeze(-1), log_probability

    def loss_of_arrays(self, raw: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Cross-entropy by raw outputs (..., L * W) of all columns."""
        own = np.asarray(codes).astype(int)
        shape = *raw.shape[:-1], len(self.structure_), self.width_
        of_all = np.zeros((*own.shape, len(self.structure_)))
        chain = ancestors(self.structure_, own, self.position)
        for level, above in enumerate(chain):
            of_all[..., level] = above
        loss = self.loss(
            torch.from_numpy(np.ascontiguousarray(raw)).view(shape),
            torch.from_numpy(of_all),
        )
        found: np.ndarray = loss[..., self.position].numpy()
        return found

    def read_prior(self) -> np.ndarray:
        """Raw outputs of all columns that predict their priors."""
        return self.group_prior_

    def response(self, raw: np.ndarray) -> np.ndarray:
        """Probabilities of the classes, by raw outputs (..., L * W) of all columns."""
        if not len(self.classes_):
            return np.ones((*raw.shape[:-1], 0))
        by_level = raw.reshape(*raw.shape[:-1], len(self.structure_), self.width_)
        families = families_of(self.structure_)[: self.position + 1]
        own = [
            by_level[..., level, : len(family.parents)]
            for level, family in enumerate(families)
        ]
        chain = [softmax(own[0], axis=-1)] + [
            family.softmax(logits)
            for family, logits in zip(families[1:], own[1:], strict=True)
        ]
        return downwards(self.structure_, chain)[-1]

    def tempered(self, response: np.ndarray, temperature: float) -> np.ndarray:
        """Temper the probabilities of each level within its parents."""
        if not len(self.classes_):
            return response
        families = families_of(self.structure_)
        chain = chain_of(self.structure_, response, self.position)
        tempered = []
        for level, probability in enumerate(chain):
            logits = np.log(np.maximum(probability, LEAST_PROBABILITY)) / temperature
            # What a family has in sum cancels out within it.
            tempered.append(families[level].softmax(logits))
        return downwards(self.structure_, tempered)[-1]

    def predict(self, response: np.ndarray) -> np.ndarray:
        """Take the most probable class within the most probable parent."""
        if not len(self.classes_):
            return super().predict(response)
        chain = chain_of(self.structure_, response, self.position)
        return self.classes_[chosen_path(self.structure_, chain)]

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        """Show the group, and of which column it is."""
        name = getattr(self, "name_", self.columns[self.position])
        return f"{self.group!r} of column {name!r}"
