"""Probabilities of classes that are parted into families by their parents."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch

Structure = tuple[tuple[int, ...], ...]
"""Of each level, the parent's code of every class; zeros at the top."""

TIE = 1e-9
"""Probabilities that are closer are equal, and the first class is taken: so that sums
over children, which are rounded otherwise, decide as the parents' own do."""


class Families:
    """Which classes of one level are children of which of the level above.

    Parameters
    ----------
    parents : sequence of int
        Code of each class's parent; each parent has a child.
    """

    def __init__(self, parents: Sequence[int]) -> None:
        self.parents = np.asarray(parents, dtype=np.int64)
        self.order = np.argsort(self.parents, kind="stable")
        self.inverse = np.argsort(self.order)
        self.sorted = self.parents[self.order]
        self.starts = np.searchsorted(self.sorted, np.unique(self.sorted))

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sum values (..., n_classes) of each family, (..., n_parents)."""
        total: np.ndarray = np.add.reduceat(
            values[..., self.order], self.starts, axis=-1
        )
        return total

    def softmax(self, logits: np.ndarray) -> np.ndarray:
        """Probabilities (..., n_classes) within each family."""
        ordered = logits[..., self.order]
        top = np.maximum.reduceat(ordered, self.starts, axis=-1)
        risen = np.exp(ordered - top[..., self.sorted])
        total = np.add.reduceat(risen, self.starts, axis=-1)
        share: np.ndarray = (risen / total[..., self.sorted])[..., self.inverse]
        return share

    def shares(self, values: np.ndarray) -> np.ndarray:
        """Shares of values within each family; even ones where all are 0."""
        total = self.sums(values)[..., self.parents]
        size = self.sums(np.ones(len(self.parents)))[self.parents]
        known = total > 0
        found: np.ndarray = np.where(
            known, values / np.where(known, total, 1.0), 1 / size
        )
        return found


@lru_cache(maxsize=256)
def families_of(structure: Structure) -> list[Families]:
    """Families of each level that has classes."""
    return [Families(parents) for parents in structure if parents]


def chain_of(
    structure: Structure, response: np.ndarray, level: int
) -> list[np.ndarray]:
    """Probabilities of all levels down to that which `response` is of."""
    chain = [response]
    for families in reversed(families_of(structure)[1 : level + 1]):
        chain.insert(0, families.sums(chain[0]))
    return chain


def downwards(structure: Structure, chain: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Multiply probabilities within families down a chain, from those of the top."""
    found = [chain[0]]
    families = families_of(structure)[1 : len(chain)]
    for family, within in zip(families, chain[1:], strict=True):
        found.append(found[-1][..., family.parents] * within)
    return found


def chosen_path(structure: Structure, chain: Sequence[np.ndarray]) -> np.ndarray:
    """Most probable class of the last level of a chain, within the classes above it."""
    chosen = _first_of_most(chain[0])
    families = families_of(structure)[1 : len(chain)]
    for family, probability in zip(families, chain[1:], strict=True):
        own = family.parents == chosen[:, np.newaxis]
        chosen = _first_of_most(np.where(own, probability, -1.0))
    return chosen


def _first_of_most(probability: np.ndarray) -> np.ndarray:
    first: np.ndarray = (
        probability >= probability.max(axis=1, keepdims=True) - TIE
    ).argmax(axis=1)
    return first


def ancestors(structure: Structure, codes: np.ndarray, level: int) -> list[np.ndarray]:
    """Codes of the classes of all levels down to that which `codes` are of."""
    chain = [codes]
    for depth in range(level, 0, -1):
        chain.insert(0, np.asarray(structure[depth])[chain[0]])
    return chain


@lru_cache(maxsize=16)
def masks_of(
    structure: Structure, width: int, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Levels (L,), family (L, W) of each class, and who is of a family, (L, W, W)."""
    n_levels = len(structure)
    family = torch.zeros(n_levels, width, dtype=torch.long)
    within = torch.zeros(n_levels, width, width, dtype=torch.bool)
    for level, parents in enumerate(structure):
        # A level that has no class at all has one raw output.
        own = torch.tensor(parents or (0,))
        family[level, : len(own)] = own
        within[level, own, torch.arange(len(own))] = True
    levels = torch.arange(n_levels)
    return levels.to(device), family.to(device), within.to(device)
