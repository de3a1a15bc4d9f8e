"""Cells of other rows, in each form that encoded rows have."""

import numpy as np
import pytest
import torch
from scipy import sparse

from sklearn_mtl.tables import CompactFeatures
from sklearn_mtl.training import MemberRows, TaskTable, with_cells_of

LEVEL = np.array([[2, 4], [3, -1], [2, 5], [-1, 4]], dtype=np.int32)
NUMBERS = np.arange(8.0).reshape(4, 2) % 5
COMPACT = CompactFeatures(NUMBERS, LEVEL, np.array([1.0, 2.0]), (4, 6))


def features(rows):
    return rows.table.rows(torch.arange(4))[0].numpy()


@pytest.mark.parametrize(
    "form", [COMPACT, COMPACT.to_dense(), sparse.csr_matrix(COMPACT.to_dense())]
)
@pytest.mark.parametrize("columns", [[0], [2, 3], [1, 4, 5]])
def test_only_these_columns_move(form, columns):
    none = np.zeros((4, 1))
    rows = MemberRows(
        TaskTable(form, none, none + 1),
        torch.arange(4),
        None,
        prior_cost=torch.ones(1),
        n_members=1,
    )
    before, order = COMPACT.to_dense(), np.array([2, 0, 3, 1])

    moved = with_cells_of(rows, order, np.array(columns))

    wanted = before.copy()
    wanted[:, columns] = before[order][:, columns]
    assert np.array_equal(features(moved), wanted)
    assert np.array_equal(features(rows), before)
