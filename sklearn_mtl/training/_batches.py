"""Tensors prepared once, and batches that are slices of them."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from scipy import sparse
from torch.utils.data import Dataset

from sklearn_mtl.tables import CompactFeatures


class Labels(NamedTuple):
    """What the loss reads of one batch; tasks stand in block order.

    Attributes
    ----------
    codes : tensor of shape (B, T) or (K, B, T)
        0 where the label is missing; more than T where labels take several codes.
    label_weight : tensor of shape (B, T) or (K, B, T), or None for ones
    row_weight : tensor of shape (K, B), or None for ones
    scale : tensor of shape (K, T)
        Turns a sum over the batch into an estimate of the mean over all rows, in
        units of the prior's cost.
    """

    codes: torch.Tensor
    label_weight: torch.Tensor | None
    row_weight: torch.Tensor | None
    scale: torch.Tensor


class TaskTable:
    """Encoded rows and labels, on the device that trains.

    Parameters
    ----------
    features : array, CSR matrix or CompactFeatures of shape (n, d)
        A CSR matrix and compact features stay what they are; batches are made
        dense one by one.
    codes : float array of shape (n, T)
        Columns in the order of y; NaN where a label is missing. More than T where
        labels take several codes.
    label_weight : float array of shape (n, T)
    order : int array of shape (T,), or None
        Column at each rank of the order in which the table keeps them, that of the
        training step; None for that of y.
    first_code : int array of shape (T,), or None
        Where the codes of each column of y begin; None where each takes one.
    dtype, device : of the tensors
    """

    def __init__(
        self,
        features: np.ndarray | sparse.csr_matrix | CompactFeatures,
        codes: np.ndarray,
        label_weight: np.ndarray,
        *,
        order: np.ndarray | None = None,
        first_code: np.ndarray | None = None,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        self.dtype, self.device = dtype, torch.device(device)
        self.features: Any = features
        if isinstance(features, CompactFeatures):
            ones = torch.as_tensor(features.ones, device=self.device)
            numbers, heights = map(self.put, (features.numbers, features.heights))
            self.features = CompactFeatures(numbers, ones, heights, features.shape)
        elif not sparse.issparse(features):
            self.features = self.put(features)
        if first_code is None:
            first_code = np.arange(codes.shape[1])
        missing = np.isnan(codes)
        if missing.any():
            codes = np.where(missing, 0.0, codes)
            label_weight = np.where(missing[:, first_code], 0.0, label_weight)
        if order is not None and (order[1:] < order[:-1]).any():
            of_tasks = np.split(np.arange(codes.shape[1]), first_code[1:])
            codes = codes[:, np.concatenate([of_tasks[t] for t in order])]
            label_weight = label_weight[:, order]
        self.codes = self.put(codes)
        # Plain tables keep no weights: a step then multiplies by none.
        plain = (label_weight == 1.0).all()
        self.label_weight = None if plain else self.put(label_weight)

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of dense features and codes."""
        width = self.features.shape[1] + self.codes.shape[1]
        return int(width) * self.codes.element_size()

    def put(self, values: Any) -> torch.Tensor:
        """Make a tensor of the table's number format, on its device."""
        return torch.as_tensor(values, dtype=self.dtype, device=self.device)

    def rows(
        self, index: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """Features, codes and label weights of rows; `index` may have two axes."""
        weight = self.label_weight
        return (
            self._features_of(index.flatten()).view(
                *index.shape, self.features.shape[1]
            ),
            _take(self.codes, index),
            None if weight is None else _take(weight, index),
        )

    def _features_of(self, rows: torch.Tensor) -> torch.Tensor:
        if isinstance(self.features, CompactFeatures):
            return self._spread(self.features, rows)
        if sparse.issparse(self.features):
            return self.put(self.features[rows.cpu().numpy()].toarray())
        of_rows: torch.Tensor = self.features.index_select(0, rows)
        return of_rows

    def _spread(self, compact: CompactFeatures, rows: torch.Tensor) -> torch.Tensor:
        """Make the dense features of some rows."""
        numbers = compact.numbers.index_select(0, rows)
        ones = compact.ones.index_select(0, rows).long()
        dense = numbers.new_zeros(len(rows), compact.shape[1])
        dense[:, : numbers.shape[1]] = numbers
        # What has no position adds nothing to the first column.
        heights = (ones >= 0) * compact.heights
        return dense.scatter_add_(1, ones.clamp_(min=0), heights)


def _take(values: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    if index.ndim == 1:
        return values.index_select(0, index)
    return values.index_select(0, index.flatten()).view(*index.shape, values.shape[1])


class MemberRows(Dataset[Any]):
    """The rows of a table that members read, and how much each row counts for each.

    Parameters
    ----------
    table : TaskTable
    index : int tensor of shape (n,) or (K, n)
        Rows that every member reads, or rows of each member's own.
    row_weight : tensor of shape (K, n) or None
        Weight of the rows for each member; None stands for ones.
    prior_cost : tensor of shape (T,)
    n_members : int
    held_out : MemberRows or None
        Rows that the members are validated on.

    Attributes
    ----------
    unlabelled : bool ndarray of shape (K, T)
        Tasks that a member has no label of.
    scorer : callable or None
        Scores (K, T) of rows (K, n) of the table, -1 where they do not count, and raw
        outputs (K, n, C); its ``average`` makes (K,) of these. None for the loss.
    unlabelled_rows : Unlabelled or None
        Rows that have no label at all; read by networks that decode their input.
    windows : iterator of TaskTable, or None
        Tables of which each epoch reads another one, of rows like those of `table`.
    """

    def __init__(
        self,
        table: TaskTable,
        index: torch.Tensor,
        row_weight: torch.Tensor | None,
        *,
        prior_cost: torch.Tensor,
        n_members: int,
        held_out: MemberRows | None = None,
    ) -> None:
        self.table = table
        self.index = index.to(table.device)
        self.row_weight = None if row_weight is None else table.put(row_weight)
        self.held_out = held_out
        self.unlabelled_rows: Any = None
        self.scorer: Any = None
        self.windows: Iterator[TaskTable] | None = None
        n_tasks = prior_cost.shape[-1]
        self.total_weight = self._total_weight(n_members, n_tasks)
        self.unlabelled = (self.total_weight == 0).cpu().numpy()
        inverse = 1.0 / (self.total_weight * prior_cost.to(self.total_weight))
        self.scale = torch.where(self.total_weight > 0, inverse, 0.0)

    def _total_weight(self, n_members: int, n_tasks: int) -> torch.Tensor:
        """Sum of the weights of all labels for each member and task, (K, T)."""
        weight, rows = self.table.label_weight, self.row_weight
        if rows is None:
            rows = torch.ones(1, dtype=torch.float32).expand(n_members, len(self))
        if weight is None:
            mass = rows.sum(dim=1, keepdim=True, dtype=torch.float64)
            return self.table.put(mass.expand(-1, n_tasks))
        rows = rows.double().cpu()
        if self.index.ndim == 1:
            total = rows @ weight.index_select(0, self.index).double().cpu()
        else:
            own = weight.double().cpu()[self.index.cpu()]
            total = torch.einsum("kn,knt->kt", rows, own)
        return self.table.put(total)

    def __len__(self) -> int:
        return self.index.shape[-1]

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of a batch, which members may have of their own."""
        copies = 1 if self.index.ndim == 1 else len(self.index)
        return copies * self.table.row_bytes

    @property
    def shape(self) -> tuple[int, int]:
        """Rows that a member reads, and columns of the encoded X."""
        return len(self), int(self.table.features.shape[1])

    def select(self, members: np.ndarray) -> Self:
        """Rows of some members, perhaps of one more than once."""
        chosen = copy(self)
        of_members = torch.tensor(members).to(self.index.device)
        if self.index.ndim == 2:
            chosen.index = self.index.index_select(0, of_members)
        if self.row_weight is not None:
            chosen.row_weight = self.row_weight.index_select(0, of_members)
        if self.held_out is not None:
            chosen.held_out = self.held_out.select(members)
        chosen.total_weight = self.total_weight.index_select(0, of_members)
        chosen.scale = self.scale.index_select(0, of_members)
        chosen.unlabelled = self.unlabelled[members]
        return chosen

    def next_window(self) -> MemberRows:
        """Rows of the next of the windows.

        How much a label counts is told by all of `table`: a window in which few rows
        have a label of some task does not count each of them for more.
        """
        assert self.windows is not None
        window = copy(self)
        window.table = next(self.windows)
        window.index = torch.arange(len(window.table), device=window.table.device)
        share = len(window) / len(self)
        window.total_weight, window.scale = (
            self.total_weight * share,
            self.scale / share,
        )
        return window

    def read_by_someone(self) -> np.ndarray:
        """Tell which rows of the table count for at least one member, (n,)."""
        index = self.index.cpu().numpy()
        read = np.zeros(len(self.table), dtype=bool)
        if self.row_weight is None:
            read[index] = True
            return read
        counts = self.row_weight.cpu().numpy() > 0
        read[index[counts.any(axis=0)] if index.ndim == 1 else index[counts]] = True
        return read

    def batch(
        self, positions: torch.Tensor | slice, scale: torch.Tensor
    ) -> tuple[torch.Tensor, Labels]:
        """Features and labels at some positions of the index."""
        features, codes, label_weight = self.table.rows(self.index[..., positions])
        weight = self.row_weight
        labels = Labels(
            codes=codes,
            label_weight=label_weight,
            row_weight=None if weight is None else weight[:, positions],
            scale=scale,
        )
        return features, labels


def held_out_split(
    dataset: MemberRows, y: None = None
) -> tuple[MemberRows, MemberRows | None]:
    """Give skorch the rows to train on and the rows that members hold out."""
    return dataset, dataset.held_out


BYTES_AT_ONCE = 4 * 2**20
"""Size of the features that are gathered by one call, of which batches are views."""


class Batches:
    """Split rows into batches of nearly equal size.

    Stands where skorch expects a ``DataLoader``. Batches differ by at most one row,
    so that no step rests on the few rows that a fixed size would leave over.

    Parameters
    ----------
    dataset : MemberRows
    batch_size : int
        Most rows in a batch.
    shuffle : bool
        Whether rows are drawn in a new order each epoch.
    generator : torch.Generator or None
        Draws the order.

    Attributes
    ----------
    scale : tensor of shape (K, T)
        As in `Labels`; that of every batch.
    """

    def __init__(
        self,
        dataset: MemberRows,
        batch_size: int,
        shuffle: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.generator = generator
        self._read(dataset)

    def _read(self, dataset: MemberRows) -> None:
        self.dataset = dataset
        self.n_batches = max(1, -(-len(dataset) // self.batch_size))
        self.scale = dataset.scale * self.n_batches

    def of_next_window(self) -> Self:
        """Batches of the rows of the dataset's next window."""
        chosen = copy(self)
        chosen._read(self.dataset.next_window())
        return chosen

    def select(self, members: np.ndarray) -> Self:
        """Batches of some members, in the same order of rows."""
        chosen = copy(self)
        chosen.dataset = self.dataset.select(members)
        chosen.scale = chosen.dataset.scale * self.n_batches
        return chosen

    def __len__(self) -> int:
        return self.n_batches

    def __iter__(self) -> Iterator[tuple[torch.Tensor, Labels]]:
        return self._in_order(self._order())

    def _order(self) -> torch.Tensor | None:
        """Draw the order of the rows of an epoch; None for that of the index."""
        if not self.shuffle or self.n_batches == 1:
            return None
        order = torch.randperm(len(self.dataset), generator=self.generator)
        return order.to(self.dataset.index.device)

    def _in_order(
        self, order: torch.Tensor | None
    ) -> Iterator[tuple[torch.Tensor, Labels]]:
        n_rows, n_batches = len(self.dataset), self.n_batches
        sizes = [
            n_rows // n_batches + (i < n_rows % n_batches) for i in range(n_batches)
        ]
        start, together = 0, self._batches_at_once(sizes[0])
        for first in range(0, n_batches, together):
            chunk = sizes[first : first + together]
            stop = start + sum(chunk)
            rows = slice(start, stop)
            gathered = self.dataset.batch(
                rows if order is None else order[rows], self.scale
            )
            yield from _split(gathered, chunk)
            start = stop

    def _batches_at_once(self, batch_size: int) -> int:
        row_bytes = self.dataset.row_bytes
        return max(1, BYTES_AT_ONCE // max(1, row_bytes * batch_size))


def _split(
    gathered: tuple[torch.Tensor, Labels], sizes: list[int]
) -> Iterator[tuple[torch.Tensor, Labels]]:
    """Cut gathered rows into batches, without a copy."""
    features, labels = gathered
    if len(sizes) == 1:
        yield gathered
        return
    nothing = [None] * len(sizes)
    label_weight, row_weight = labels.label_weight, labels.row_weight
    parts = zip(
        features.split(sizes, dim=-2),
        labels.codes.split(sizes, dim=-2),
        nothing if label_weight is None else label_weight.split(sizes, dim=-2),
        nothing if row_weight is None else row_weight.split(sizes, dim=-1),
        strict=True,
    )
    for part, codes, of_labels, of_rows in parts:
        yield part, Labels(codes, of_labels, of_rows, labels.scale)
