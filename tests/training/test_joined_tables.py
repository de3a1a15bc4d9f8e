"""Members of one net that read tables which were encoded apart."""

import numpy as np
import pytest
import torch

from sklearn_mtl.tables import TargetTable
from sklearn_mtl.tasks import OutputLayout
from sklearn_mtl.training import Fold, TableOfMembers, TaskTable, join_tables
from tests.training.helpers import fitted_tasks, members_of, skorch_net


def part_of(n_rows, mean, n_members, held_out):
    """Make a table whose rows are known by their first feature, and its members."""
    y = mean + np.arange(n_rows, dtype=float)[:, None]
    columns = TargetTable(y).columns
    tasks = fitted_tasks(columns, "regression", np.ones((n_rows, 1)))
    X = np.zeros((n_rows, 4))
    X[:, 0] = mean + np.arange(n_rows)
    codes = np.column_stack([tasks[0].encode(columns[0])])
    table = TaskTable(X, codes, np.ones((n_rows, 1)), dtype=torch.float64)
    folds = [Fold(None, np.array(rows)) for rows in held_out]
    layout = OutputLayout(tasks)
    return TableOfMembers(table, None, tasks, members_of(layout, n_members, folds))


@pytest.fixture
def joined():
    parts = [part_of(6, 0.0, 2, [[0], [1, 2]]), part_of(5, 100.0, 1, [[4]])]
    net = skorch_net(OutputLayout(parts[0].tasks), 3, batch_size=3).initialize()
    return net, join_tables(net, parts)


def rows_read(rows, k):
    features = rows.table.rows(rows.index[k])[0][:, 0]
    counts = slice(None) if rows.row_weight is None else rows.row_weight[k] > 0
    return sorted(features[counts].tolist())


def test_members_train_on_rows_of_their_own_table(joined):
    _, rows = joined

    assert rows_read(rows, 0) == [1, 2, 3, 4, 5]
    assert rows_read(rows, 1) == [0, 3, 4, 5]
    assert rows_read(rows, 2) == [100, 101, 102, 103]
    assert [rows_read(rows.held_out, k) for k in range(3)] == [[0], [1, 2], [104]]


def test_losses_are_in_units_of_the_prior_of_each_table(joined):
    net, rows = joined
    features, labels = rows.batch(slice(None), rows.scale)
    with torch.no_grad():
        for name, parameter in net.module_.named_parameters():
            if "bias" not in name:
                parameter.zero_()

    loss = net.criterion_(net.module_(features), labels).detach()

    # Of rows beside those that are held out, to which the prior was fitted too.
    assert loss.flatten().tolist() == pytest.approx([0.9, 1.2, 0.8], abs=0.2)


def test_batches_are_as_many_as_without_held_out_rows(joined):
    net, rows = joined

    assert len(net.get_iterator(rows, training=True)) == 2
