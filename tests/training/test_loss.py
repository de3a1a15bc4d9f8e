"""The loss of members and tasks."""

import pytest
import torch
from torch.testing import assert_close

from sklearn_mtl.nn import select_members
from sklearn_mtl.training import Batches, TaskLoss
from sklearn_mtl.training._loss import mean_until_divergence
from tests.helpers import generator
from tests.training.helpers import (
    all_rows,
    equal_shares,
    loss_of_loop,
    network,
    split,
    task_table,
)


@pytest.mark.parametrize("n_members", [2, 7, 12])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_mean_over_batches_is_the_loss_over_all_rows(n_members, weighted, missing):
    table, layout = task_table(43, 6, missing, weighted)
    module = network(layout, n_members)
    criterion = TaskLoss(layout, equal_shares(layout, n_members))
    rows = split(table, layout, n_members)
    with torch.no_grad():
        expected = loss_of_loop(table, layout, rows.row_weight, module(table.features))
        for size in (1, 7, 43):
            losses = [
                criterion(module(x), labels)
                for x, labels in Batches(rows, size, True, generator())
            ]
            assert_close(torch.stack(losses).mean(dim=0), expected)


def test_held_out_loss_is_that_of_the_rows_held_out():
    table, layout = task_table(43)
    module = network(layout, 10)
    criterion = TaskLoss(layout, equal_shares(layout, 10))
    rows = split(table, layout, 10)
    held_out = 1.0 - rows.row_weight
    with torch.no_grad():
        expected = loss_of_loop(table, layout, held_out, module(table.features))
        for size in (2, 43):
            losses = [
                criterion(module(x), labels)
                for x, labels in Batches(rows.held_out, size)
            ]
            assert_close(torch.stack(losses).mean(dim=0), expected)


def test_prior_costs_one_on_every_task():
    table, layout = task_table(60, 6)
    criterion = TaskLoss(layout, equal_shares(layout, 2))
    rows = all_rows(table, layout)
    _, labels = rows.batch(slice(0, 60), rows.scale)
    raw = torch.from_numpy(layout.prior_raw).expand(2, 60, -1)

    loss = criterion(raw, labels)

    assert_close(loss, torch.ones_like(loss))
    assert_close(criterion.combine(loss), torch.ones(2, dtype=torch.float64))


def test_missing_labels_and_rows_held_out_have_no_gradient():
    table, layout = task_table(20, missing=0.4)
    rows = split(table, layout, 5)
    _, labels = rows.batch(slice(0, 20), rows.scale)
    raw = torch.zeros(5, 20, layout.n_outputs, dtype=torch.float64, requires_grad=True)

    TaskLoss(layout, equal_shares(layout, 5))(raw, labels).sum().backward()

    observed = table.label_weight[:, layout.task_of_output] > 0
    counts = observed & (rows.row_weight > 0).unsqueeze(-1) & ~layout.padding
    assert raw.grad.isfinite().all()
    assert ((raw.grad != 0) <= counts).all()
    assert (raw.grad != 0).any(dim=0).any(dim=0)[~layout.padding].all()


def test_task_without_label_in_a_batch_contributes_nothing():
    table, layout = task_table(10, missing=0.0)
    table.label_weight[:5, 1] = 0
    rows = all_rows(table, layout)
    raw = torch.randn(2, 5, layout.n_outputs, dtype=torch.float64)

    loss = TaskLoss(layout, equal_shares(layout, 2))(raw, rows.batch(slice(0, 5), 2)[1])

    assert (loss[:, 1] == 0).all()
    assert (loss[:, [0, 2]] > 0).all()


def test_loss_of_some_members():
    table, layout = task_table(30, 6)
    task_weight = torch.rand(3, 6, generator=generator(), dtype=torch.float64)
    criterion = TaskLoss(layout, task_weight)
    x, labels = all_rows(table, layout, 3).batch(slice(0, 30), 1.0)
    raw = network(layout, 3)(x).detach()
    loss = criterion(raw, labels)

    some = select_members(criterion, [0, 2])

    assert_close(some(raw, labels), loss)
    assert_close(some.combine(loss[[0, 2]]), criterion.combine(loss)[[0, 2]])
    assert_close(some.task_weight, task_weight[[0, 2]][:, layout.order])


def test_losses_count_until_a_member_diverges():
    """One task turns infinite first; a step later the others are NaN through it."""
    inf, nan = float("inf"), float("nan")
    steps = torch.tensor(
        [
            [[1.0, 2.0], [1.0, 1.0]],
            [[3.0, inf], [1.0, 3.0]],
            [[nan, nan], [4.0, 2.0]],
        ]
    )

    mean = mean_until_divergence(steps)

    assert mean.tolist() == [[2.0, inf], [2.0, 2.0]]
    assert mean_until_divergence(steps[:, 1:]).tolist() == [[2.0, 2.0]]
