"""Raw outputs: in float64, in parts, of rows held out."""

import gc
from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sklearn_mtl.training import _predict, iter_raw, raw_of_held_out
from tests.training.helpers import (
    held_out_by,
    network,
    numbers_table,
    small_net,
    split,
    task_table,
)

# Predictions


@pytest.mark.parametrize("private", [(), (5, 3)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_row_is_predicted_the_same_alone_and_among_others(private, dtype):
    _, layout = task_table(6, n_tasks=7, missing=0.0)
    module = network(layout, 3, dtype=dtype, head_hidden_layer_sizes=private)
    X = np.random.default_rng(0).normal(size=(30, 4))

    ((rows, (whole,)),) = iter_raw([module], X)

    assert rows == slice(0, 30)
    assert whole.dtype == np.float64
    for i in range(30):
        ((_, (alone,)),) = iter_raw([module], X[[i]])
        assert_allclose(alone[:, 0], whole[:, i], rtol=0, atol=1e-10)


def test_float32_weights_predict_in_float64():
    _, layout = task_table(6, missing=0.0)
    module = network(layout, 3, dtype=torch.float32)
    X = np.random.default_rng(0).normal(size=(30, 4))

    ((_, (raw,)),) = iter_raw([module], X)

    with torch.no_grad():
        expected = module.double()(torch.from_numpy(X))
    assert_allclose(raw, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("as_sparse", [False, True])
def test_chunks_are_bounded_and_predict_the_same(as_sparse, monkeypatch):
    _, layout = task_table(6, missing=0.0)
    module = network(layout, 3, hidden_layer_sizes=(8, 6))
    X = np.random.default_rng(0).normal(size=(50, 4))
    ((_, (whole,)),) = iter_raw([module], X)

    width = 3 * 8 * 8  # bytes that the widest layer of all members takes for a row
    monkeypatch.setattr(_predict, "BYTES_AT_ONCE", 7 * width + 1)
    parts = list(iter_raw([module], sparse.csr_array(X) if as_sparse else X))

    assert [rows.stop - rows.start for rows, _ in parts] == [7] * 7 + [1]
    assert_allclose(
        np.concatenate([raw for _, (raw,) in parts], axis=1), whole, atol=1e-10
    )


def test_one_row_is_predicted_however_wide_the_net_is(monkeypatch):
    _, layout = task_table(6, missing=0.0)
    monkeypatch.setattr(_predict, "BYTES_AT_ONCE", 1)

    parts = list(iter_raw([network(layout, 2)], np.zeros((3, 4))))

    assert [rows for rows, _ in parts] == [slice(0, 1), slice(1, 2), slice(2, 3)]


def test_prediction_leaves_the_net_as_it_was():
    _, layout = task_table(6, missing=0.0)
    module = network(layout, 2, dtype=torch.float32, dropout=0.5)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    X = np.zeros((3, 4))

    ((_, (first, again)),) = iter_raw([module, module], X)

    assert_array_equal(first, again)
    assert module.training
    for name, value in module.state_dict().items():
        assert value.dtype == before[name].dtype
        assert torch.equal(value, before[name])


@pytest.mark.parametrize("n_members", [1, 3, 7, 12])
@pytest.mark.parametrize("limit", [1, 10**9])
def test_members_say_what_they_think_of_the_rows_held_out(
    n_members, limit, monkeypatch
):
    monkeypatch.setattr(_predict, "BYTES_AT_ONCE", limit)
    table, layout = task_table(33)
    module = network(layout, n_members)
    rows = split(table, layout, n_members)
    raw_of_all = np.concatenate(
        [raw for _, (raw,) in iter_raw([module], table.features.numpy())], axis=1
    )

    said = [set() for _ in range(n_members)]
    for index, raw in raw_of_held_out(module, rows.held_out):
        for k in range(n_members):
            places = np.flatnonzero(index[k] >= 0)
            assert said[k].isdisjoint(index[k, places])
            said[k] |= set(index[k, places].tolist())
            assert_allclose(raw[k, places], raw_of_all[k, index[k, places]], atol=1e-10)

    assert said == held_out_by(rows)


def test_table_of_float32_is_predicted_as_it_was_learned():
    X, y = numbers_table()
    net = small_net().fit(X, y)

    alone = np.concatenate([net.predict(X[[i]]) for i in range(10)])

    assert_allclose(alone, net.predict(X)[:10], rtol=0, atol=1e-10)


# Weights in float64 are kept between predictions


def of_data(parameter):
    parameter.data.mul_(0.5)


def under_no_grad(parameter):
    with torch.no_grad():
        parameter.mul_(0.5)


def of_another_tensor(parameter):
    parameter.data = 0.5 * parameter.data


@pytest.mark.parametrize("change", [of_data, under_no_grad, of_another_tensor])
def test_predictions_follow_a_change_of_weights(change):
    _, layout = task_table()
    module = network(layout, 2)
    features = np.random.default_rng(0).normal(size=(5, 4))

    def predicted():
        ((_, (raw,)),) = iter_raw([module], features)
        return raw

    before = predicted()
    assert_array_equal(predicted(), before)
    change(module.sharing.layers[0].weight)
    with torch.no_grad():
        expected = module(torch.from_numpy(features)).numpy()
    assert_allclose(predicted(), expected)
    assert not np.allclose(expected, before)


def test_predictions_follow_each_epoch():
    X, y = numbers_table()
    net = small_net(early_stopping=False).fit(X, y)
    seen = [net.predict(X)]
    for _ in range(3):
        seen.append(net.partial_fit(X, y).predict(X))
    for one, other in pairwise(seen):
        assert not np.allclose(one, other, rtol=1e-4)


def test_weights_kept_for_predicting_go_with_the_net():
    X, y = numbers_table()
    net = small_net().fit(X, y)
    net.predict(X)
    module = net.net_.module_
    assert module in _predict._COPIES
    before = len(_predict._COPIES)

    del net, module
    gc.collect()

    assert len(_predict._COPIES) < before
