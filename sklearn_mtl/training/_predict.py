"""Raw outputs of trained members, in float64."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from scipy import sparse
from torch import nn

from sklearn_mtl.nn import Binding, bind
from sklearn_mtl.training._batches import MemberRows, TaskTable

SAMPLE = 256
"""Most rows that the spread of units is told from."""

BYTES_AT_ONCE = 16 * 2**20
"""Memory that the widest layer of all members may take while predicting."""


def iter_raw(
    modules: Sequence[nn.Module], features: Any
) -> Iterator[tuple[slice, list[np.ndarray]]]:
    """Predict with one or several stacks in float64, some rows at a time.

    float32 would make a row's prediction depend on how many rows it is predicted
    with; in float64 the difference is far below any tolerance.

    Parameters
    ----------
    modules : sequence of torch.nn.Module
    features : array or CSR matrix of shape (n, d)

    Yields
    ------
    rows : slice
    raws : list of float64 ndarray of shape (K, rows, C)
        One for each of `modules`.
    """
    doubles = [in_float64(module) for module in modules]
    for rows, inputs in _parts(features, min(map(rows_at_once, modules))):
        yield rows, [double.raw(inputs) for double in doubles]


def iter_shared(module: nn.Module, features: Any) -> Iterator[np.ndarray]:
    """Compute the shared units in float64, some rows at a time.

    Parameters
    ----------
    module : torch.nn.Module
    features : array or CSR matrix of shape (n, d)

    Yields
    ------
    float64 ndarray of shape (K, rows, U)
        U is h; or T * h where each task reads units of its own, those of the first task
        first.
    """
    double = in_float64(module)
    for _, inputs in _parts(features, rows_at_once(module)):
        yield double.shared(inputs)


def _parts(features: Any, size: int) -> Iterator[tuple[slice, torch.Tensor]]:
    for start in range(0, features.shape[0], size):
        rows = slice(start, min(start + size, features.shape[0]))
        part = features[rows]
        if sparse.issparse(part):
            part = part.toarray()
        yield rows, torch.from_numpy(np.asarray(part))


def raw_of_held_out(module: nn.Module, rows: MemberRows) -> Iterator[tuple[Any, Any]]:
    """Tell what each member says of the rows that it held out.

    Yields
    ------
    index : int ndarray of shape (K, rows)
        Rows of the table; -1 where rows were filled up.
    raw : float64 ndarray of shape (K, rows, C)
    """
    double = in_float64(module)
    n_members = len(next(module.parameters()))
    size = rows_at_once(module)
    for start in range(0, len(rows), size):
        positions = slice(start, start + size)
        index = rows.index[..., positions]
        features, _, _ = rows.table.rows(index)
        kept = index.expand(n_members, -1).cpu().numpy()
        if rows.row_weight is not None:
            kept = np.where(rows.row_weight[:, positions].cpu().numpy() > 0, kept, -1)
        yield kept, double.raw(features)


def std_of_shared(module: nn.Module, table: TaskTable) -> np.ndarray | None:
    """Tell how much the shared units vary over the rows of a table.

    Returns
    -------
    float64 ndarray of shape (K * U,)
        Standard deviations over at most `SAMPLE` rows, evenly spaced, member after
        member. None for a module that does not tell which units tasks share.
    """
    double = in_float64(module)
    if not double.has_shared_units:
        return None
    units = [double.shared(features) for features in sampled_rows(module, table)]
    std: np.ndarray = np.concatenate(units, axis=1).std(axis=1).ravel()
    return std


def sampled_rows(module: nn.Module, table: TaskTable) -> Iterator[torch.Tensor]:
    """Give the features of at most `SAMPLE` rows, evenly spaced, some at a time."""
    n_rows = min(len(table), SAMPLE)
    index = torch.arange(n_rows, device=table.device) * len(table) // n_rows
    for rows in index.split(rows_at_once(module)):
        yield table.rows(rows)[0]


class Float64:
    """A copy of a module in float64, on the CPU where its device has no float64.

    A copy, so that several threads may predict at once.
    """

    def __init__(self, module: nn.Module) -> None:
        self.name = type(module).__name__
        device = next(module.parameters()).device
        self.device = torch.device("cpu") if device.type == "mps" else device
        self.network: Any = bind(
            module, Binding(device=self.device, dtype=torch.float64)
        )

    @property
    def has_shared_units(self) -> bool:
        """Whether it is known which units tasks share."""
        return hasattr(self.network, "shared")

    def raw(self, features: torch.Tensor) -> np.ndarray:
        """Compute raw outputs (K, B, C)."""
        return self._numbers(self.network.forward, features)

    def shared(self, features: torch.Tensor) -> np.ndarray:
        """Compute shared units (K, B, U)."""
        if not self.has_shared_units:
            raise unknown_units(self.name)
        units = self._numbers(self.network.shared, features)
        if units.ndim == 3:
            return units
        side_by_side: np.ndarray = np.moveaxis(units, 1, 2)
        return side_by_side.reshape(*side_by_side.shape[:2], -1)

    def _numbers(self, compute: Any, features: torch.Tensor) -> np.ndarray:
        with torch.no_grad():
            numbers: np.ndarray = (
                compute(features.to(self.device, torch.float64)).cpu().numpy()
            )
        return numbers


def unknown_units(name: str) -> TypeError:
    """Make the error that says what a module of one's own lacks."""
    return TypeError(
        f"The module {name} does not tell which units tasks share. Use "
        "sklearn_mtl.nn.MultiTaskNetwork, with a way of sharing of your own if need be."
    )


def in_float64(module: nn.Module) -> Float64:
    """Copy a module, or take the copy of an earlier call if it is still the same.

    To copy the weights takes longer than to predict a row.
    """
    state = _fingerprint(module)
    known = _COPIES.get(module)
    if known is None or known[0] != state:
        known = _COPIES[module] = state, Float64(module)
    return known[1]


_COPIES: WeakKeyDictionary[nn.Module, tuple[Any, Float64]] = WeakKeyDictionary()
SAMPLED = 499
"""Every so-manieth weight is compared; a prime, so that none of a kind is skipped."""


def _fingerprint(module: nn.Module) -> Any:
    """Tell weights from others, however they were changed.

    In-place changes count in a tensor's version, unless they are made through
    ``Tensor.data`` or a buffer that the optimizer works on: those change nearly every
    weight, and so the sampled ones.
    """
    tensors = [*module.parameters(), *module.buffers()]
    sampled = torch.cat([t.detach().flatten()[::SAMPLED].double() for t in tensors])
    identity = tuple((t.data_ptr(), t._version, t.device) for t in tensors)
    return identity, sampled.cpu().numpy().tobytes()


def rows_at_once(module: nn.Module) -> int:
    """Rows whose widest layer of all members fits `BYTES_AT_ONCE`."""
    shapes: list[Any] = [p.shape for p in module.parameters() if p.ndim > 1]
    if getattr(getattr(module, "sharing", None), "by_task", False):
        made: Any = module
        shapes.append((made.n_members, len(made.heads.tasks), 1, made.n_shared))
    widest = max((math.prod(s[:-2]) * max(s[-2:]) for s in shapes), default=1)
    return max(1, BYTES_AT_ONCE // (8 * widest))
