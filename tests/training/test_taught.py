"""Rows with soft labels: other ones for each fold; classes are drawn anew."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from sklearn_mtl.training import Fold, SoftLabels, give_taught_rows
from tests.helpers import generator
from tests.training.helpers import members_of, task_table

N_ROWS, NUMBER, CLASSES = 40, 3, 2
FOLDS = [Fold(None, np.arange(0, 4)), Fold(None, np.arange(4, 8))]
PACE = np.array([[0.5, 1.0], [0.0, 0.25], [1.0, 1.0]])
SHARES = np.array([0.25, 0.0, 0.75])
OF_CLASS = np.array([2.0, 5.0, 1.0])


def soft_labels(table, layout):
    """Soft labels of a number, and of three classes, by the teachers of two folds."""
    ranks = layout.inverse[[NUMBER, CLASSES]]
    gaps = (table.label_weight[:, ranks] == 0).numpy().T
    codes = np.stack([np.full(N_ROWS, 10.0), np.full(N_ROWS, 20.0)])
    of_folds = np.array([[1.0], [3.0]])
    return [
        SoftLabels(NUMBER, codes, gaps[0] * of_folds, np.ones(1)),
        SoftLabels(
            CLASSES,
            np.tile(SHARES, (2, N_ROWS, 1)),
            gaps[1] * np.ones((2, 1)),
            OF_CLASS,
        ),
    ]


@pytest.fixture(scope="module")
def taught():
    """Three members of two folds, and the table of the real labels."""
    table, layout = task_table(N_ROWS, n_tasks=6, missing=0.4)
    members = members_of(layout, 3, FOLDS)
    net = SimpleNamespace(members=members, criterion_=SimpleNamespace(layout=layout))
    rows = give_taught_rows(
        net,
        table,
        soft_labels(table, layout),
        PACE,
        validation_table=None,
        generator=generator(),
    )
    return rows, table, layout


def test_members_read_the_soft_labels_of_their_fold(taught):
    rows, table, layout = taught
    rank = layout.inverse[NUMBER]  # of one code each: also where its code stands
    _, labels = rows.batch(slice(None), rows.scale)
    real = table.label_weight[rows.index]
    is_gap = real[:, rank] == 0
    for k, fold in enumerate([0, 1, 0]):
        soft = [10.0, 20.0][fold], [1.0, 3.0][fold]
        assert (labels.codes[k, is_gap, rank] == soft[0]).all()
        assert (labels.label_weight[k, is_gap, rank] == PACE[k, 0] * soft[1]).all()
    for untouched in (
        labels.codes[:, ~is_gap, rank] - table.codes[rows.index][~is_gap, rank],
        labels.label_weight[:, ~is_gap, rank] - real[~is_gap, rank],
    ):
        assert not untouched.any()
    others = [layout.inverse[t] for t in range(6) if t not in (NUMBER, CLASSES)]
    assert_close(labels.label_weight[..., others], real[..., others].expand(3, -1, -1))
    assert rows.held_out.table is table  # real labels alone judge


def test_classes_are_drawn_by_their_probabilities_and_weighed(taught):
    rows, table, layout = taught
    rank = layout.inverse[CLASSES]
    is_gap = table.label_weight[rows.index, rank] == 0
    batches = [rows.batch(slice(None), rows.scale)[1] for _ in range(200)]
    codes = torch.stack([labels.codes[:, is_gap, rank] for labels in batches])
    weight = torch.stack([labels.label_weight[:, is_gap, rank] for labels in batches])
    counts = torch.bincount(codes.long().flatten(), minlength=3) / codes.numel()
    assert_close(counts.double(), torch.from_numpy(SHARES), atol=0.03, rtol=0)
    assert (codes == codes[:, :1]).all()  # members of all folds get the same draws
    expected = torch.from_numpy(OF_CLASS)[codes.long()] * torch.tensor(PACE[:, 1:])
    assert_close(weight, expected)


def test_losses_are_means_over_real_and_soft_labels(taught):
    rows, _, layout = taught
    total = torch.zeros(3, 6, dtype=torch.float64)
    for _ in range(300):
        _, labels = rows.batch(slice(None), rows.scale)
        total += torch.einsum("kn,knt->kt", rows.row_weight, labels.label_weight) / 300
    assert_close(rows.total_weight, total, rtol=0.02, atol=0.02)
    assert_close(rows.scale, 1 / (rows.total_weight * layout.prior_cost))


def test_some_members_read_what_they_read_among_all(taught):
    rows, _, layout = taught
    chosen = rows.select(np.array([2, 1]))
    _, labels = rows.batch(torch.arange(9), rows.scale)
    _, own = chosen.batch(torch.arange(9), chosen.scale)
    numbers = layout.inverse[NUMBER]
    for name in ("codes", "label_weight"):
        among_all = getattr(labels, name)[[2, 1]][..., numbers]
        assert_close(getattr(own, name)[..., numbers], among_all)
    assert_close(chosen.total_weight, rows.total_weight[[2, 1]])
    assert rows.row_bytes > rows.table.row_bytes
