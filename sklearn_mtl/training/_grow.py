"""A net that goes on with further tasks, and what of a net is held while it trains."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from skorch.history import History

from sklearn_mtl.nn import (
    MultiTaskNetwork,
    hand_on,
    held_parameters,
    shares_parameters,
)
from sklearn_mtl.training._net import MultiTaskNet


def check_can_grow(net: MultiTaskNet) -> None:
    """Raise where a net cannot take further tasks."""
    if not isinstance(net.module_, MultiTaskNetwork):
        raise ValueError(
            f"The module {type(net.module_).__name__} of net_params cannot take "
            "further columns of y. Fit all columns anew with warm_start=False."
        )
    if net.module_.reconstruction is not None:
        raise ValueError(
            "y has further columns, and a network that reconstructs X cannot take "
            "them. Fit all columns anew with warm_start=False, or let the first fit "
            "have reconstruction=None."
        )


def check_can_hold(net: MultiTaskNet, freeze: str) -> None:
    """Raise where it is not known what tasks share, or where they share nothing."""
    module = net.module_
    if not isinstance(module, MultiTaskNetwork):
        raise ValueError(
            f"freeze={freeze!r}, but the module {type(module).__name__} of net_params "
            "does not tell what columns share. Set freeze=None."
        )
    if module.reconstruction is not None:
        raise ValueError(
            f"freeze={freeze!r}, but the network learns to reconstruct X from what "
            "columns share. Set freeze=None."
        )
    if freeze == "shared" and not shares_parameters(module):
        raise ValueError(
            f"freeze='shared', but with sharing={module.sharing!r} columns share no "
            "weights. Set freeze=None, or freeze='all_but_new' for further columns."
        )


def go_on_with_further_tasks(source: MultiTaskNet, target: MultiTaskNet) -> None:
    """Let a new net of further tasks go on where one of fewer tasks is.

    Parameters
    ----------
    source : MultiTaskNet
        Stays as it is.
    target : MultiTaskNet
        Made by the same settings. Its history has no losses of the further tasks in
        earlier epochs; its optimizer begins anew.
    """
    hand_on(source.module_, target.module_)
    target.history = History(dict(row) for row in source.history)
    n_tasks = len(target.criterion_.layout.names)
    for name in target.losses_by_epoch:
        known = getattr(source, name)
        padded = {part: [_padded(of, n_tasks) for of in known[part]] for part in known}
        setattr(target, name, padded)


def _padded(of_members: np.ndarray, n_tasks: int) -> np.ndarray:
    """Add NaN for further tasks to what members have of each, (K, T)."""
    if of_members.ndim < 2:
        return of_members
    wider = np.full((len(of_members), n_tasks), np.nan)
    wider[:, : of_members.shape[1]] = of_members
    return wider


@contextmanager
def held(
    net: MultiTaskNet, freeze: str | None, trained: Collection[int]
) -> Iterator[None]:
    """Train nothing of a net that is to stay as it is.

    What is held has no gradient, so that no decay, norm or sparsity changes it either,
    and the way back ends above it.

    Parameters
    ----------
    freeze : {None, "shared", "all_but_new"}
    trained : collection of int
        Tasks whose own parts may change.
    """
    parameters: list[Any] = []
    if freeze is not None:
        shared_only = freeze == "shared"
        found = held_parameters(net.module_, trained, shared_only=shared_only)
        parameters = [p for p in found if p.requires_grad]
    for parameter in parameters:
        parameter.requires_grad_(False)
        parameter.grad = None  # which an optimizer would step by
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)


def tasks_held(
    net: MultiTaskNet, freeze: str | None, trained: Collection[int]
) -> list[int]:
    """List the tasks whose predictions stay what they are; arguments as of `held`."""
    if freeze is None:
        return []
    found = held_parameters(net.module_, trained, shared_only=freeze == "shared")
    ids = {id(parameter) for parameter in found}
    below = {id(parameter) for parameter in net.module_.sharing.parameters()}
    own_below = {
        id(parameter)
        for _, part in net.module_.sharing.own_parts()
        for parameter in part.parameters()
    }
    if not below - own_below <= ids:
        return []
    changed: set[int] = set()
    for tasks, part in net.module_.sharing.own_parts():
        if any(id(parameter) not in ids for parameter in part.parameters()):
            changed |= set(tasks)
    for part in net.module_.heads.parts:
        if any(id(parameter) not in ids for parameter in part.parameters()):
            changed |= set(part.tasks.tolist())
    return [t for t in net.module_.heads.tasks.tolist() if t not in changed]
