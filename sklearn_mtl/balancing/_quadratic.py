"""Small quadratic programs, all of a batch at once."""

from __future__ import annotations

import torch

Tensor = torch.Tensor

PATIENCE = 3
"""Rounds without progress after which one bound is moved at a time."""


def least_of_nonnegative(
    curvature: Tensor,
    slope: Tensor,
    free: Tensor | None = None,
    rounds: int | None = None,
) -> tuple[Tensor, Tensor]:
    r"""Minimize :math:`x^T A x / 2 + b^T x` over :math:`x \geq 0`.

    By block principal pivoting (Kim and Park 2011): guess which variables are above 0,
    solve for these, and exchange all that turn out wrong. A few rounds do, on the CPU
    no more than are needed; elsewhere nobody waits for the device.

    Parameters
    ----------
    curvature : tensor of shape (K, n, n)
        Symmetric and positive definite.
    slope : tensor of shape (K, m, n)
        Those of m problems of each curvature.
    free : bool tensor of shape (K, m, n), default=None
        The first guess; by default those that fall from 0 on.
    rounds : int, default=None
        Most guesses; as many as nearly all problems need by default.

    Returns
    -------
    tuple of tensor of shape (K, m, n)
        The least point, and which variables are above 0 there.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.balancing._quadratic import least_of_nonnegative
    >>> curvature = torch.eye(2).unsqueeze(0)
    >>> least_of_nonnegative(curvature, torch.tensor([[[-1.0, 1.0]]]))[0].abs()
    tensor([[[1., 0.]]])
    """
    n = slope.shape[-1]
    eye = torch.eye(n, dtype=slope.dtype, device=slope.device)
    free = slope < 0 if free is None else free
    exchange: Exchange | None = None
    # What is below 0 by rounding alone is no reason to go on.
    tolerance = -1e-12 * slope.abs().amax(dim=-1, keepdim=True)
    stops = slope.device.type == "cpu"
    for _ in range(2 * n + 8 if rounds is None else rounds):
        x = solved(among(free, curvature.unsqueeze(1), eye), -slope * free)
        rise = torch.baddbmm(slope, x, curvature)
        wrong = torch.where(free, x, rise) < tolerance
        if stops and not bool(wrong.any()):
            break
        exchange = exchange or Exchange(slope)
        free = exchange(free, wrong)
    return x.clamp_min(0.0), free


class Exchange:
    """Decide which bounds of a guess to move, of those that turned out wrong.

    All of them, as long as they become fewer; after `PATIENCE` rounds without progress
    the last one alone, which comes to an end.

    Parameters
    ----------
    like : tensor of shape (..., n)
    """

    def __init__(self, like: Tensor) -> None:
        n = like.shape[-1]
        self.position = torch.arange(n, device=like.device)
        self.fewest = torch.full_like(like[..., :1], n + 1, dtype=torch.long)
        self.tries = torch.full_like(self.fewest, PATIENCE)

    def __call__(self, free: Tensor, wrong: Tensor) -> Tensor:
        """Make the next guess of which variables are above 0."""
        count = wrong.sum(dim=-1, keepdim=True)
        progress = count < self.fewest
        all_at_once = progress | (self.tries > 0)
        self.tries = torch.where(progress, PATIENCE, self.tries - 1)
        self.fewest = torch.minimum(self.fewest, count)
        last = torch.where(wrong, self.position, -1).amax(dim=-1, keepdim=True)
        return free ^ (wrong & (all_at_once | (self.position == last)))


def among(free: Tensor, matrix: Tensor, eye: Tensor) -> Tensor:
    """Keep the equations of the free variables; the others are what they are asked."""
    return torch.where(free.unsqueeze(-1) & free.unsqueeze(-2), matrix, eye)


def times(matrix: Tensor, vector: Tensor) -> Tensor:
    """Multiply matrices (K, n, n) by vectors (K, n)."""
    return torch.bmm(matrix, vector.unsqueeze(2)).squeeze(2)


def solved(matrix: Tensor, right: Tensor) -> Tensor:
    """Solve linear equations (..., n, n); a singular system raises nothing."""
    found: Tensor = torch.linalg.solve_ex(matrix, right.unsqueeze(-1))[0].squeeze(-1)
    return found
