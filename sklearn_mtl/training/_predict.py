"""Raw outputs of trained members, in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import torch
from scipy import sparse
from torch import nn

from sklearn_mtl.nn import Forward, MultiTaskNetwork
from sklearn_mtl.training._data import MemberRows, TaskTable

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
    modules : sequence of MultiTaskNetwork
    features : array or CSR matrix of shape (n, d)

    Yields
    ------
    rows : slice
    raws : list of float64 ndarray of shape (K, rows, C)
        One for each of `modules`.
    """
    doubles = [_in_float64(module).raw for module in modules]
    for rows, inputs in _parts(features, min(map(rows_at_once, modules))):
        yield rows, [_numbers(double, inputs) for double in doubles]


def iter_shared(module: MultiTaskNetwork, features: Any) -> Iterator[np.ndarray]:
    """Compute the shared units in float64, some rows at a time.

    Parameters
    ----------
    module : MultiTaskNetwork
    features : array or CSR matrix of shape (n, d)

    Yields
    ------
    float64 ndarray of shape (K, rows, h)
    """
    shared = _in_float64(module).shared
    assert shared is not None
    for _, inputs in _parts(features, rows_at_once(module)):
        yield _numbers(shared, inputs)


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
        Rows of the table; -1 for places that were filled up.
    raw : float64 ndarray of shape (K, rows, C)
    """
    double = _in_float64(module).raw
    n_members = len(next(module.parameters()))
    size = rows_at_once(module)
    for start in range(0, len(rows), size):
        positions = slice(start, start + size)
        index = rows.index[..., positions]
        features, _, _ = rows.table.rows(index)
        kept = index.expand(n_members, -1).cpu().numpy()
        if rows.row_weight is not None:
            kept = np.where(rows.row_weight[:, positions].cpu().numpy() > 0, kept, -1)
        yield kept, _numbers(double, features)


def std_of_shared(module: MultiTaskNetwork, table: TaskTable) -> np.ndarray:
    """Tell how much the shared units vary over the rows of a table.

    Returns
    -------
    float64 ndarray of shape (K * h,)
        Standard deviations over at most `SAMPLE` rows, evenly spaced, member after
        member.
    """
    shared = _in_float64(module).shared
    assert shared is not None
    n_rows = min(len(table), SAMPLE)
    index = torch.arange(n_rows, device=table.device) * len(table) // n_rows
    units = [
        _numbers(shared, table.rows(rows)[0])
        for rows in index.split(rows_at_once(module))
    ]
    std: np.ndarray = np.concatenate(units, axis=1).std(axis=1).ravel()
    return std


class Passes(NamedTuple):
    """Functions of features, by a copy of a module in float64.

    Attributes
    ----------
    raw : callable
        To raw outputs (K, B, C).
    shared : callable or None
        To shared units (K, B, h); None for a module that is not the package's own.
    """

    raw: Callable[[torch.Tensor], torch.Tensor]
    shared: Callable[[torch.Tensor], torch.Tensor] | None


def _numbers(
    double: Callable[[torch.Tensor], torch.Tensor], features: torch.Tensor
) -> np.ndarray:
    with torch.no_grad():
        return double(features).cpu().numpy()


def _in_float64(module: nn.Module) -> Passes:
    """Copy the parameters in float64, to the CPU where their device has no float64.

    A copy, so that several threads may predict at once. It is kept for the next call:
    to copy the weights takes longer than to predict a row.
    """
    state = _fingerprint(module)
    known = _COPIES.get(module)
    if known is None or known[0] != state:
        known = _COPIES[module] = state, _copy_in_float64(module)
    return known[1]


_COPIES: WeakKeyDictionary[nn.Module, tuple[Any, Passes]] = WeakKeyDictionary()
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


def _copy_in_float64(module: nn.Module) -> Passes:
    device = next(module.parameters()).device
    if device.type == "mps":
        device = torch.device("cpu")
    to: dict[str, Any] = {"device": device, "dtype": torch.float64}
    if type(module) is MultiTaskNetwork:
        copied = Forward(module, **to)
        return Passes(
            lambda features: copied.forward(features.to(**to)),
            lambda features: copied.shared(features.to(**to)),
        )
    foreign = deepcopy(module).eval().to(**to)
    return Passes(lambda features: foreign(features.to(**to)), None)


def rows_at_once(module: nn.Module) -> int:
    """Rows whose widest layer of all members fits `BYTES_AT_ONCE`."""
    shapes = [p.shape for name, p in module.named_parameters() if "weight" in name]
    widest = max(int(np.prod(shape[:-2])) * max(shape[-2:]) for shape in shapes)
    return max(1, BYTES_AT_ONCE // (8 * widest))
