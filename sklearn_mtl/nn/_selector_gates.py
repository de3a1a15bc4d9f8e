"""Gates that choose a few experts, by binary codes that are learned."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import torch

from sklearn_mtl.nn._constant import Constant
from sklearn_mtl.nn._layer import Binding, Layer, Pass
from sklearn_mtl.nn._layers import StackedLinear
from sklearn_mtl.nn._random import MemberDraws

Tensor = torch.Tensor

INITIAL_DIGIT = 0.01
"""Size of initial digits by the width of a step: all experts have nearly equal say."""
LEAST_LOG = 1e-6
"""Added to a share before its logarithm is taken, as the source does."""
LEAST_SUM = 1e-3
"""Below it, what a selector gives to experts that exist is not divided by."""


class Choice(NamedTuple):
    """What selectors choose.

    Attributes
    ----------
    selectors : tensor of shape (..., k, E)
        What each selector gives to each expert.
    weights : tensor of shape (..., k)
        Share of each selector.
    """

    selectors: Tensor
    weights: Tensor

    @property
    def shares(self) -> Tensor:
        """What each expert gets, (..., E)."""
        return (self.weights.unsqueeze(-2) @ self.selectors).squeeze(-2)


class SelectorGates(Layer):
    """A gate a task, of k selectors that each come to choose one expert.

    A selector has the digits of a binary number, each a smooth step between 0 and 1 of
    a number that is learned, or of a linear map of the features.

    Parameters
    ----------
    n_members, n_features, n_tasks, n_experts : int
    n_selectors : int
        k.
    gamma : float
        Width of a step.
    entropy_penalty : float
    by_row : bool
        Whether digits depend on the features.
    draws : MemberDraws
    """

    of_members: ClassVar[tuple[str, ...]] = ()

    formula_of: ClassVar[tuple[str, ...]] = ("forward", "choose", "penalty")

    codes: Tensor

    def __init__(
        self,
        n_members: int,
        n_features: int,
        n_tasks: int,
        n_experts: int,
        *,
        n_selectors: int,
        gamma: float,
        entropy_penalty: float,
        by_row: bool,
        draws: MemberDraws,
    ) -> None:
        super().__init__()
        n_digits = (n_experts - 1).bit_length()
        self.shape = n_tasks, n_selectors, n_digits + 1
        self.gamma, self.entropy_penalty = float(gamma), float(entropy_penalty)
        self.all_codes_are_experts = n_experts == 2**n_digits
        n_logits, std = n_tasks * n_selectors * (n_digits + 1), INITIAL_DIGIT * gamma
        self.logits: Layer = (
            StackedLinear((n_members,), n_features, n_logits, gain=std, draws=draws)
            if by_row
            else Constant(n_members, n_logits, std, draws)
        )
        digits = torch.arange(n_digits - 1, -1, -1)
        codes = (torch.arange(n_experts).unsqueeze(1) >> digits) & 1 == 1
        self.register_buffer("codes", codes, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Map features (K, B, d) to shares of experts, (K, B, T, E)."""
        logits: Tensor = self.logits(features)
        choice = self.choose(logits.unflatten(-1, self.shape))
        shares = choice.shares
        if self.training:
            shares = _Penalised.apply(shares, self.penalty(choice.selectors))
        return shares.expand(-1, features.shape[1], -1, -1)

    def choose(self, logits: Tensor) -> Choice:
        """Read digits and weights of selectors, (..., k, m + 1)."""
        step = smooth_step(logits[..., :-1], self.gamma)
        selectors = factors(step, self.codes).prod(dim=-1)
        return Choice(selectors, logits[..., -1].softmax(dim=-1))

    def penalty(self, selectors: Tensor) -> Tensor:
        """Sum over members of what is added to their losses.

        Of each selector the entropy, and, where some codes are no expert's, the
        reciprocal of what experts get; means over rows and tasks, sums over selectors.
        """
        found = self.entropy_penalty * entropy(selectors).sum(dim=-1)
        if not self.all_codes_are_experts:
            reached = selectors.sum(dim=-1).clamp_min(LEAST_SUM)
            found = found + reached.reciprocal().sum(dim=-1)
        return found.mean(dim=(1, 2)).sum()

    def bind(self, binding: Binding) -> SelectorGatesPass:
        """Look up what the pass needs."""
        return SelectorGatesPass(self, binding)


class SelectorGatesPass(Pass):
    """Pass of `SelectorGates`."""

    def __init__(self, gates: SelectorGates, binding: Binding) -> None:
        self.gates, self.trains = gates, binding.trains
        self.logits = gates.logits.bind(binding)
        self.codes = binding.put(gates.codes)
        self.signs = self.codes * 2 - 1
        self.but_one = torch.eye(gates.shape[-1] - 1, dtype=torch.bool)
        self.but_one = self.but_one.to(self.codes.device)
        self.penalises = gates.training

    def forward(self, x: Tensor) -> Tensor:
        """Map features (K, B, d) to shares of experts, (K, B, T, E)."""
        logits = self.logits.forward(x).unflatten(-1, self.gates.shape)
        digits, gamma = logits[..., :-1], self.gates.gamma
        parts = factors(smooth_step(digits, gamma), self.codes)
        choice = Choice(parts.prod(dim=-1), logits[..., -1].softmax(dim=-1))
        if self.trains:
            self.digits, self.parts, self.choice = digits, parts, choice
        return choice.shares.expand(-1, x.shape[1], -1, -1)

    def backward(self, upstream: Tensor) -> Tensor:
        """Set the gradients of digits and weights; return that of the features."""
        selectors, weights = self.choice
        if weights.shape[1] < upstream.shape[1]:
            upstream = upstream.sum(dim=1, keepdim=True)
        of_weights = (selectors @ upstream.unsqueeze(-1)).squeeze(-1)
        mean = (of_weights * weights).sum(dim=-1, keepdim=True)
        of_weights = weights * (of_weights - mean)
        of_selectors = weights.unsqueeze(-1) * upstream.unsqueeze(-2)
        if self.penalises:
            of_selectors = of_selectors + self._of_penalty(selectors)
        of_digits = self._through_selectors(of_selectors)
        of_logits = torch.cat([of_digits, of_weights.unsqueeze(-1)], dim=-1)
        return self.logits.backward(of_logits.flatten(-3))

    def _of_penalty(self, selectors: Tensor) -> Tensor:
        shifted = selectors + LEAST_LOG
        found = (shifted.log() + selectors / shifted).mul_(-self.gates.entropy_penalty)
        if not self.gates.all_codes_are_experts:
            reached = selectors.sum(dim=-1, keepdim=True)
            counts = reached >= LEAST_SUM
            found -= counts * reached.clamp_min(LEAST_SUM).pow(-2)
        return found.div_(selectors.shape[1] * selectors.shape[2])

    def _through_selectors(self, upstream: Tensor) -> Tensor:
        """Turn the gradient of selectors, (..., k, E), into that of digits."""
        others = self.parts.unsqueeze(-2).masked_fill(self.but_one, 1.0).prod(dim=-1)
        of_steps = (upstream.unsqueeze(-1) * others * self.signs).sum(dim=-2)
        return of_steps * slope_of_step(self.digits, self.gates.gamma)


class _Penalised(torch.autograd.Function):
    """Let shares pass, and add a penalty to the loss."""

    @staticmethod
    def forward(ctx: object, shares: Tensor, penalty: Tensor) -> Tensor:
        return shares.view_as(shares)

    @staticmethod
    def backward(ctx: object, upstream: Tensor) -> tuple[Tensor, Tensor]:
        return upstream, upstream.new_ones(())


def smooth_step(x: Tensor, gamma: float) -> Tensor:
    """Rise from 0 to 1 by a cubic over a width of gamma."""
    x = (x / gamma).clamp(-0.5, 0.5)
    return 0.5 + x * (1.5 - 2.0 * x * x)


def slope_of_step(x: Tensor, gamma: float) -> Tensor:
    """Give the derivative of `smooth_step`."""
    x = (x / gamma).clamp(-0.5, 0.5)
    return (1.5 - 6.0 * x * x) / gamma


def factors(step: Tensor, codes: Tensor) -> Tensor:
    """Say how well digits (..., m) fit those of each code (E, m), as (..., E, m)."""
    step = step.unsqueeze(-2)
    return torch.where(codes, step, 1.0 - step)


def entropy(shares: Tensor) -> Tensor:
    """Give the entropy over the last axis, as the source takes it."""
    return -(shares * (shares + LEAST_LOG).log()).sum(dim=-1)
