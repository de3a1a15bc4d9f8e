"""From hidden units back to the features that they were computed of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import torch
from torch import nn

from sklearn_mtl.nn._heads import OUTPUT_GAIN
from sklearn_mtl.nn._hidden_units import HiddenUnits
from sklearn_mtl.nn._layers import StackedLinear

Tensor = torch.Tensor

LEAST_NOISE = 0.05
"""Least standard deviation of a number around what is decoded, in units of its own.

Numbers that repeat, such as integers, would be given a density without bound."""
LOG_2PI = math.log(2 * math.pi)


class Decoded(Protocol):
    """What a decoder predicts: a numbers that vary, and L levels of categories.

    Attributes
    ----------
    number, level : int64 ndarray of shape (a,) and (L,)
        Their positions among the encoded features.
    mean, std : float64 ndarray of shape (a,)
    gap : int64 ndarray of shape (a,)
        Position of the feature that is 1 where the number is missing; -1 for none.
    known : float64 ndarray of shape (a,)
        Share of rows whose cell is there.
    category : int64 ndarray of shape (L,)
        Which category each level belongs to, counted from 0.
    share : float64 ndarray of shape (L,)
        How often the level occurs among the cells that are there.
    known_category : float64 ndarray of shape (c,)
    """

    number: Any
    level: Any
    mean: Any
    std: Any
    gap: Any
    known: Any
    category: Any
    share: Any
    known_category: Any


class Decoder(nn.Module):
    """Predict encoded features from hidden units, and tell what its errors cost.

    Costs are in units of what it would cost to predict each feature's mean, and each
    level's frequency: 1.0 is no skill.

    Parameters
    ----------
    n_members : int
        K.
    n_units : int
        Hidden units that are decoded.
    sizes : sequence of int
        Widths of the layers between; may be empty.
    columns : Decoded
    generative : bool
        Whether costs are negative log-likelihoods of a distribution, in which numbers
        are normal around what is decoded with a variance that is learned [1]_. Else
        they are squared errors of numbers, and cross-entropies of categories, each of
        which counts as one number.
    hidden : HiddenUnits
        Makes the layers between.

    References
    ----------
    .. [1] O. Rybkin, K. Daniilidis, S. Levine, "Simple and Effective VAE Training with
       Calibrated Decoders", ICML 2021.
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    number: Tensor
    level: Tensor
    category: Tensor
    gap: Tensor
    number_with_gap: Tensor
    mean: Tensor
    std: Tensor
    prior: Tensor
    number_weight: Tensor
    level_weight: Tensor

    def __init__(
        self,
        n_members: int,
        n_units: int,
        sizes: Sequence[int],
        columns: Decoded,
        *,
        generative: bool,
        hidden: HiddenUnits,
    ) -> None:
        super().__init__()
        self.layers = hidden.drop(
            hidden.layers((n_members,), [n_units, *sizes], mirrored=True)
        )
        self.n_numbers = n_numbers = len(columns.number)
        self.output = StackedLinear(
            (n_members,),
            sizes[-1] if len(sizes) else n_units,
            n_numbers + len(columns.level),
            gain=OUTPUT_GAIN,
            draws=hidden.draws,
        )
        with torch.no_grad():
            log_share = torch.as_tensor(columns.share).log()
            self.output.bias[..., n_numbers:] = log_share.to(self.output.bias)
        self.log_variance: nn.Parameter | None = None
        if generative:
            self.log_variance = nn.Parameter(
                torch.zeros(n_members, 1, n_numbers, dtype=torch.float32)
            )
        self.n_categories = len(columns.known_category)
        self._register(columns)

    def _register(self, columns: Decoded) -> None:
        with_gap = columns.gap >= 0
        for name, values in {
            "number": columns.number,
            "level": columns.level,
            "category": columns.category,
            "gap": columns.gap[with_gap],
            "number_with_gap": with_gap.nonzero()[0],
            "mean": columns.mean,
            "std": columns.std,
        }.items():
            self.register_buffer(name, torch.as_tensor(values))
        known = torch.as_tensor(columns.known)
        known_category = torch.as_tensor(columns.known_category)
        share = torch.as_tensor(columns.share)
        category = self.get_buffer("category")
        entropy = torch.zeros_like(known_category)
        entropy.index_add_(0, category, -share * share.log())
        if self.log_variance is not None:
            prior = (known.sum() * (LOG_2PI + 1) / 2) + (known_category @ entropy)
            number_weight = torch.ones_like(known) / prior
            category_weight = torch.ones_like(entropy) / prior
        else:
            variance = torch.as_tensor(columns.std).square()
            n_columns = max(len(known) + self.n_categories, 1)
            of_numbers = len(known) / n_columns / (variance @ known)
            number_weight = variance * of_numbers
            category_weight = 1 / (n_columns * entropy * known_category)
            prior = torch.ones((), dtype=torch.float32)
        self.register_buffer("prior", prior)
        self.register_buffer("number_weight", number_weight)
        self.register_buffer("level_weight", category_weight[category])

    def forward(self, units: Tensor) -> Tensor:
        """Map hidden units (K, B, u) to numbers and logits of levels (K, B, a + L)."""
        for layer in self.layers:
            units = layer(units)
        decoded: Tensor = self.output(units)
        return decoded

    def cost(
        self, decoded: Tensor, features: Tensor, missing: Tensor | None = None
    ) -> Tensor:
        """Cost (K, B) of rows, of which missing cells are no part.

        Parameters
        ----------
        decoded : tensor of shape (K, B, a + L)
        features : tensor of shape (B, d) or (K, B, d)
        missing : bool tensor of shape (B, a), or None
            Numbers that are missing; None reads the indicators in `features`.
        """
        numbers, logits = decoded.split([self.n_numbers, len(self.level)], dim=-1)
        total = self._cost_of_numbers(numbers, features, missing)
        if self.n_categories:
            total = total + self._cost_of_categories(logits, features)
        return total

    def _cost_of_numbers(
        self, decoded: Tensor, features: Tensor, missing: Tensor | None
    ) -> Tensor:
        target = (features.index_select(-1, self.number) - self.mean) / self.std
        cost = (decoded - target).square()
        if self.log_variance is not None:
            log_variance = self.noise_log_variance()
            cost = 0.5 * (cost * (-log_variance).exp() + log_variance + LOG_2PI)
        if missing is not None:
            cost = cost.masked_fill(missing, 0.0)
        elif len(self.gap):
            weight = torch.ones_like(target)
            there = 1.0 - features.index_select(-1, self.gap)
            weight.index_copy_(-1, self.number_with_gap, there)
            cost = cost * weight
        return cost @ self.number_weight

    def noise_log_variance(self) -> Tensor:
        """Logarithms of the variances of numbers around what is decoded, (K, 1, a)."""
        assert self.log_variance is not None
        return self.log_variance.clamp_min(2 * math.log(LEAST_NOISE))

    def _cost_of_categories(self, logits: Tensor, features: Tensor) -> Tensor:
        chosen = (features.index_select(-1, self.level) > 0).to(logits.dtype)
        return -((self.log_probabilities(logits) * chosen) @ self.level_weight)

    def log_probabilities(self, logits: Tensor) -> Tensor:
        """Softmax over the levels of each category, all together; (K, B, L)."""
        index = self.category.expand(logits.shape)
        shape = *logits.shape[:-1], self.n_categories
        largest = logits.new_zeros(shape).scatter_reduce(
            -1, index, logits.detach(), "amax", include_self=False
        )
        shifted = logits - largest.gather(-1, index)
        total = logits.new_zeros(shape).scatter_add(-1, index, shifted.exp())
        return shifted - total.log().gather(-1, index)
