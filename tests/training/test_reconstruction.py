"""Batches of rows with and without labels."""

import numpy as np
import torch
from numpy.testing import assert_array_equal

from sklearn_mtl.training import JointBatches, MemberRows, TaskTable, Unlabelled


def test_an_epoch_reads_every_row_without_labels_once():
    features = np.arange(103.0)[:, None]
    labelled = TaskTable(features[:3], np.ones((3, 1)), np.ones((3, 1)))
    none = np.empty((100, 0))
    rows = MemberRows(
        labelled,
        torch.arange(3),
        torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0]]),
        prior_cost=torch.ones(1),
        n_members=2,
    )
    others = TaskTable(features[3:], none, none)
    rows.unlabelled_rows = Unlabelled(others, torch.full((100,), 0.5), None)
    generator = torch.Generator().manual_seed(0)
    batches = JointBatches(rows, 30, shuffle=True, generator=generator)

    read = list(batches)

    assert len(read) == len(batches) == 4
    others_read = torch.cat([x[3:, 0] for x, _ in read])
    assert_array_equal(np.sort(others_read), np.arange(3, 103))
    for x, (labels, weight) in read:
        assert_array_equal(np.sort(x[:3, 0]), [0, 1, 2])
        assert len(labels.codes) == 3
        assert weight.shape == (2, len(x))
        assert (weight[:, 3:] == 0.5).all()
        for row, of_members in zip(x[:3, 0].int(), weight.T[:3], strict=True):
            assert_array_equal(of_members, rows.row_weight[:, row])
