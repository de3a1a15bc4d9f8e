"""Raw outputs of trained members, in float64."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import nn

from sklearn_mtl.training._data import MemberRows

BYTES_AT_ONCE = 32 * 2**20
"""Memory that the widest layer of all members may take while predicting."""


def iter_raw(module: nn.Module, features: Any) -> Iterator[tuple[slice, np.ndarray]]:
    """Predict in float64, some rows at a time.

    float32 would make a row's prediction depend on how many rows it is predicted
    with; in float64 the difference is far below any tolerance.

    Parameters
    ----------
    module : MultiTaskNetwork
    features : array or CSR matrix of shape (n, d)

    Yields
    ------
    rows : slice
    raw : float64 ndarray of shape (K, rows, C)
    """
    state = _double_state(module)
    size = rows_at_once(module)
    was_training = module.training
    module.eval()
    try:
        for start in range(0, features.shape[0], size):
            rows = slice(start, min(start + size, features.shape[0]))
            part = features[rows]
            if sparse.issparse(part):
                part = part.toarray()
            yield rows, _raw(module, state, torch.from_numpy(np.asarray(part)))
    finally:
        module.train(was_training)


def raw_of_held_out(module: nn.Module, rows: MemberRows) -> Iterator[tuple[Any, Any]]:
    """Tell what each member says of the rows that it held out.

    Yields
    ------
    index : int ndarray of shape (K, rows)
        Rows of the table; -1 for places that were filled up.
    raw : float64 ndarray of shape (K, rows, C)
    """
    state = _double_state(module)
    module.eval()
    n_members = next(iter(state.values())).shape[0]
    size = rows_at_once(module)
    for start in range(0, len(rows), size):
        positions = slice(start, start + size)
        index = rows.index[..., positions]
        features, _, _ = rows.table.rows(index)
        kept = index.expand(n_members, -1).cpu().numpy()
        if rows.row_weight is not None:
            kept = np.where(rows.row_weight[:, positions].cpu().numpy() > 0, kept, -1)
        yield kept, _raw(module, state, features)


def _raw(
    module: nn.Module, state: dict[str, torch.Tensor], features: torch.Tensor
) -> np.ndarray:
    device = next(iter(state.values())).device
    with torch.no_grad():
        raw = torch.func.functional_call(
            module, state, (features.to(device=device, dtype=torch.float64),)
        )
    return raw.cpu().numpy()


def _double_state(module: nn.Module) -> dict[str, torch.Tensor]:
    """Parameters in float64; on the CPU where the device has no float64."""
    return {
        name: (p.detach().cpu() if p.device.type == "mps" else p.detach()).double()
        for name, p in module.named_parameters()
    }


def rows_at_once(module: nn.Module) -> int:
    """Rows whose widest layer of all members fits `BYTES_AT_ONCE`."""
    shapes = [p.shape for name, p in module.named_parameters() if "weight" in name]
    widest = max(int(np.prod(shape[:-2])) * max(shape[-2:]) for shape in shapes)
    return max(1, BYTES_AT_ONCE // (8 * widest))
