"""Batches: every row once, in an order that the generator gives."""

from itertools import chain

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from sklearn_mtl.training import Batches, MemberRows, TaskTable
from tests.helpers import generator
from tests.training.helpers import PROPERTY, all_rows, split, task_table


@PROPERTY
@given(st.integers(1, 200), st.integers(1, 64), st.booleans())
def test_batches_show_every_row_once_in_nearly_equal_parts(n_rows, size, shuffle):
    features = np.arange(n_rows)[:, None]
    table = TaskTable(features, np.zeros((n_rows, 1)), np.ones((n_rows, 1)))
    rows = MemberRows(
        table, torch.arange(n_rows), None, prior_cost=torch.ones(1), n_members=1
    )
    batches = Batches(rows, size, shuffle=shuffle, generator=generator())

    shown = [batch[:, 0].tolist() for batch, _ in batches]

    assert len(shown) == len(batches) == -(-n_rows // size)
    order = list(chain.from_iterable(shown))
    assert sorted(order) == list(range(n_rows))
    lengths = {len(rows) for rows in shown}
    assert max(lengths) - min(lengths) <= 1
    assert max(lengths) <= size
    if not shuffle:
        assert order == sorted(order)


def test_order_of_rows_comes_from_the_generator_alone():
    table, layout = task_table(50)

    def orders(seed):
        batches = Batches(all_rows(table, layout), 8, True, generator(seed))
        return [torch.cat([x[:, 0] for x, _ in batches]).tolist() for _ in range(2)]

    before = torch.get_rng_state()
    first, again, other = orders(0), orders(0), orders(1)

    assert torch.equal(torch.get_rng_state(), before)
    assert first == again != other
    assert first[0] != first[1]


@pytest.mark.parametrize("sparse_x", [False, True])
def test_batch_holds_the_rows_of_the_table(sparse_x):
    table, layout = task_table(sparse_x=sparse_x)
    plain, _ = task_table()
    rows = split(table, layout, n_members=3)
    positions = torch.tensor([7, 3, 11])

    x, labels = rows.batch(positions, 4 * rows.scale)

    assert_close(x, plain.features[positions])
    assert_close(labels.codes, table.codes[positions])
    assert_close(labels.label_weight, table.label_weight[positions])
    assert_close(labels.row_weight, rows.row_weight[:, positions])
    assert_close(labels.scale, 4 * rows.scale)

    x, labels = rows.held_out.batch(slice(0, 2), rows.held_out.scale)

    index = rows.held_out.index[:, :2]
    assert x.shape == (3, 2, 4)
    assert_close(x, plain.features[index])
    assert_close(labels.codes, table.codes[index])


def test_plain_labels_carry_no_weights():
    table, layout = task_table(missing=0.0, weighted=False)

    _, labels = all_rows(table, layout).batch(slice(0, 5), 1)

    assert labels.label_weight is None
    assert labels.row_weight is None
