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
    curvature : tensor of shape (..., n, n)
        Symmetric and positive definite.
    slope : tensor of shape (..., n)
    free : bool tensor of shape (..., n), default=None
        The first guess; by default those that fall from 0 on.
    rounds : int, default=None
        Most guesses; as many as nearly all problems need by default.

    Returns
    -------
    tuple of tensor of shape (..., n)
        The least point, and which variables are above 0 there.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.balancing._quadratic import least_of_nonnegative
    >>> least_of_nonnegative(torch.eye(2), torch.tensor([-1.0, 1.0]))[0]
    tensor([1., 0.])
    """
    n = slope.shape[-1]
    eye = torch.eye(n, dtype=slope.dtype, device=slope.device)
    position = torch.arange(n, device=slope.device)
    free = slope < 0 if free is None else free
    fewest = torch.full_like(slope[..., :1], n + 1, dtype=torch.long)
    tries = torch.full_like(fewest, PATIENCE)
    # What is below 0 by rounding alone is no reason to go on.
    tolerance = 1e-12 * slope.abs().amax(dim=-1, keepdim=True)
    stops = slope.device.type == "cpu"
    for _ in range(2 * n + 8 if rounds is None else rounds):
        both = free.unsqueeze(-1) & free.unsqueeze(-2)
        x = solved(torch.where(both, curvature, eye), torch.where(free, -slope, 0.0))
        rise = (curvature @ x.unsqueeze(-1)).squeeze(-1) + slope
        wrong = torch.where(free, x, rise) < -tolerance
        if stops and not bool(wrong.any()):
            break
        count = wrong.sum(dim=-1, keepdim=True)
        progress = count < fewest
        all_at_once = progress | (tries > 0)
        tries = torch.where(progress, PATIENCE, tries - 1)
        fewest = torch.minimum(fewest, count)
        last = torch.where(wrong, position, -1).amax(dim=-1, keepdim=True)
        free = free ^ torch.where(all_at_once, wrong, wrong & (position == last))
    return x.clamp_min(0.0), free


def solved(matrix: Tensor, right: Tensor) -> Tensor:
    """Solve linear equations (..., n, n); a singular system raises nothing."""
    found: Tensor = torch.linalg.solve_ex(matrix, right.unsqueeze(-1))[0].squeeze(-1)
    return found
