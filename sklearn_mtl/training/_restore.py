"""Nets that stay as they were if what is done with them fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from sklearn_mtl.training._callbacks import BestWeights
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
    kept = [c for _, c in net.callbacks_ if isinstance(c, BestWeights)]
    attributes = [(holder, vars(holder).copy()) for holder in (net, *kept)]
    generator = getattr(net, "iterator_train__generator", None)
    drawn = None if generator is None else generator.get_state()
    with net.restored_on_failure():
        try:
            yield
        except BaseException:
            for holder, before in attributes:
                vars(holder).clear()
                vars(holder).update(before)
            if generator is not None:
                generator.set_state(drawn)
            raise
