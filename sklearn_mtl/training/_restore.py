"""Nets that stay as they were if what is done with them fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

import torch

from sklearn_mtl.training._best_weights import BestWeights
from sklearn_mtl.training._net import MultiTaskNet


@contextmanager
def unchanged_on_failure(nets: Iterable[MultiTaskNet]) -> Iterator[None]:
    """Bring weights, optimizer, history, settings and random draws back."""
    with ExitStack() as guard:
        for net in nets:
            guard.enter_context(_settings_unchanged(net))
        yield


@contextmanager
def _settings_unchanged(net: MultiTaskNet) -> Iterator[None]:
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
    with net.restored_on_failure():
        try:
            yield
        except BaseException:
            for holder, known in zip(holders, attributes, strict=True):
                vars(holder).clear()
                vars(holder).update(known)
            for generator, drawn in generators:
                generator.set_state(drawn)
            raise
