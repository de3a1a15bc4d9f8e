"""Nets that stay as they were if what is done with them fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from typing import Any

import torch

from sklearn_mtl.training._best_weights import BestWeights


@contextmanager
def unchanged_on_failure(nets: Iterable[Any]) -> Iterator[None]:
    """Bring weights, optimizer, history, settings and random draws back."""
    with ExitStack() as guard:
        for net in nets:
            guard.enter_context(_settings_unchanged(net))
        yield


@contextmanager
def _settings_unchanged(net: Any) -> Iterator[None]:
    """Bring back weights, and what lies in attributes beside them."""
    best = [c for _, c in net.callbacks_ if isinstance(c, BestWeights)]
    modules = [*net.module_.modules(), *net.criterion_.modules()]
    holders = [net, *best, *modules]
    attributes = [vars(holder).copy() for holder in holders]
    generators = [
        (value, value.get_state())
        for known in attributes
        for value in known.values()
        if isinstance(value, torch.Generator)
    ]
    with weights_unchanged_on_failure(net):
        try:
            yield
        except BaseException:
            for holder, known in zip(holders, attributes, strict=True):
                vars(holder).clear()
                vars(holder).update(known)
            for generator, drawn in generators:
                generator.set_state(drawn)
            raise


@contextmanager
def weights_unchanged_on_failure(net: Any) -> Iterator[None]:
    """Bring weights, optimizer, history and losses of a net back."""
    weights = [
        (part, {k: v.clone() for k, v in part.state_dict().items()})
        for part in (net.module_, net.criterion_)
    ]
    optimizer = deepcopy(net.optimizer_.state_dict())
    history, epochs = net.history, list(net.history)
    losses = {name: _copied(getattr(net, name)) for name in net.losses_by_epoch}
    try:
        yield
    except BaseException:
        for part, before in weights:
            part.load_state_dict(before)
        net.optimizer_.load_state_dict(optimizer)
        history[:] = epochs
        net.history = history
        net.forget_epochs_after(len(epochs))
        vars(net).update(losses)
        raise


def _copied(losses: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {part: list(of_epochs) for part, of_epochs in losses.items()}
