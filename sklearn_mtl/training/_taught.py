"""Rows of which some labels are what teachers say, another teacher for each fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from sklearn_mtl.training._batches import Labels, MemberRows, TaskTable
from sklearn_mtl.training._folds import member_rows
from sklearn_mtl.training._net import MultiTaskNet


@dataclass(frozen=True, eq=False)
class SoftLabels:
    """What the teachers of one column of y say.

    Attributes
    ----------
    task : int
        The column of y.
    codes : float ndarray of shape (F, n), or (F, n, C)
        Codes of numbers, or probabilities of classes, by the teacher of each fold.
    weight : ndarray of shape (F, n)
        Weight of each soft label beside labels of weight 1; 0 where there is none.
    of_class : ndarray of shape (C,)
        What the weight of a label is multiplied by, of one entry for numbers.
    """

    task: int
    codes: np.ndarray
    weight: np.ndarray
    of_class: np.ndarray


class _Column:
    """Soft labels of one column, as tensors where the table is."""

    def __init__(self, soft: SoftLabels, table: TaskTable, layout: Any) -> None:
        self.rank = int(layout.inverse[soft.task])
        n_codes = np.diff(layout.first_code, append=table.codes.shape[1])
        self.code = int(n_codes[layout.order[: self.rank]].sum())
        taught = soft.weight > 0
        self.weight, self.of_class = table.put(soft.weight), table.put(soft.of_class)
        self.is_class = soft.codes.ndim == 3
        self.codes = self.mean_weight = self.weight
        if self.is_class:
            share = np.where(taught[..., np.newaxis], soft.codes, 0.0)
            self.mean_weight = table.put(soft.weight * (share @ soft.of_class))
            self.codes = table.put(share.cumsum(axis=-1)[..., :-1])
        else:
            self.mean_weight = self.weight * self.of_class
            self.codes = table.put(np.where(taught, soft.codes, 0.0))

    def of_rows(
        self, rows: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Codes and weights (F, B) of some rows; classes are drawn."""
        weight = self.weight.index_select(1, rows)
        codes = self.codes.index_select(1, rows)
        if not self.is_class:
            return codes, weight * self.of_class
        drawn = torch.rand(len(rows), generator=generator, dtype=torch.float64)
        above = drawn.to(codes).unsqueeze(-1) >= codes
        classes = above.sum(dim=-1)
        return classes.to(codes.dtype), weight * self.of_class[classes]


class TaughtRows(MemberRows):
    """Rows that members read, with what teachers say where labels are missing.

    A class is drawn from its teacher's probabilities, anew each time that a row is
    read: so the loss is that of the probabilities in expectation, whatever the kind of
    column and its loss. All members get the same draws.

    Parameters
    ----------
    rows : MemberRows
        With real labels alone.
    columns : list
        Soft labels where the table is.
    fold : int ndarray of shape (K,)
        Whose teachers each member listens to.
    pace : ndarray of shape (K, n_columns)
        How much a soft label of each column counts for each member.
    generator : torch.Generator
    """

    def __init__(
        self,
        rows: MemberRows,
        columns: list[_Column],
        fold: np.ndarray,
        pace: np.ndarray,
        *,
        prior_cost: torch.Tensor,
        generator: torch.Generator,
    ) -> None:
        self._columns, self._generator = columns, generator
        self._fold = torch.tensor(fold, device=rows.table.device)
        self._pace = rows.table.put(pace)
        super().__init__(
            rows.table,
            rows.index,
            rows.row_weight,
            prior_cost=prior_cost,
            n_members=len(fold),
            held_out=rows.held_out,
        )

    def _total_weight(self, n_members: int, n_tasks: int) -> torch.Tensor:
        total = super()._total_weight(n_members, n_tasks)
        for position, column in enumerate(self._columns):
            weight = column.mean_weight.index_select(1, self.index)[self._fold]
            if self.row_weight is not None:
                weight = weight * self.row_weight
            total[:, column.rank] += self._pace[:, position] * weight.sum(dim=1)
        return total

    @property
    def row_bytes(self) -> int:
        """Bytes of one row of a batch, in which labels differ between members."""
        width = self.table.codes.shape[1] + self.total_weight.shape[1]
        labels: int = len(self._fold) * width * self.table.codes.element_size()
        return super().row_bytes + labels

    def select(self, members: np.ndarray) -> TaughtRows:
        """Rows of some members, perhaps of one more than once."""
        chosen = super().select(members)
        assert isinstance(chosen, TaughtRows)
        of_members = torch.tensor(members).to(self._fold.device)
        chosen._fold = self._fold.index_select(0, of_members)
        chosen._pace = self._pace.index_select(0, of_members)
        return chosen

    def batch(
        self, positions: torch.Tensor | slice, scale: torch.Tensor
    ) -> tuple[torch.Tensor, Labels]:
        """Features, and labels of each member (K, B, T), at positions of the index."""
        features, labels = super().batch(positions, scale)
        assert labels.label_weight is not None  # labels are missing
        rows, n_members = self.index[positions], len(self._fold)
        codes = labels.codes.repeat(n_members, 1, 1)
        weight = labels.label_weight.repeat(n_members, 1, 1)
        for position, column in enumerate(self._columns):
            soft, counts = column.of_rows(rows, self._generator)
            own = torch.where(counts > 0, soft, labels.codes[:, column.code])
            codes[:, :, column.code] = own[self._fold]
            pace = self._pace[:, position].unsqueeze(1)
            weight[:, :, column.rank] += pace * counts[self._fold]
        return features, labels._replace(codes=codes, label_weight=weight)


def give_taught_rows(
    net: MultiTaskNet,
    table: TaskTable,
    soft: Sequence[SoftLabels],
    pace: np.ndarray,
    *,
    validation_table: TaskTable | None,
    generator: torch.Generator,
) -> TaughtRows:
    """Give each member of a net its rows of a table, and what teachers say of them.

    Parameters
    ----------
    net : MultiTaskNet
    table : TaskTable
        With a missing label wherever there is a soft one.
    soft : sequence of SoftLabels
        One for each column that is taught; of the rows of the table.
    pace : ndarray of shape (K, n_columns)
        How much a soft label of each column counts for each member.
    validation_table : TaskTable or None
        Rows that all members are validated on, where they hold out none.
    generator : torch.Generator
        Draws classes.
    """
    layout = net.criterion_.layout
    rows = member_rows(
        table,
        net.members,
        prior_cost=layout.prior_cost,
        validation_table=validation_table,
    )
    return TaughtRows(
        rows,
        [_Column(own, table, layout) for own in soft],
        net.members.fold
        if len(soft[0].weight) > 1
        else np.zeros_like(net.members.fold),
        pace,
        prior_cost=layout.prior_cost,
        generator=generator,
    )
