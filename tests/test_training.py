"""Training: rows of members, batches, losses, best weights, callbacks, prediction."""

import gc
from collections import Counter
from itertools import chain, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from skorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    GradientNormClipping,
    LRScheduler,
)
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.nn import MultiTaskNetwork
from sklearn_mtl.tables import TargetTable
from sklearn_mtl.tasks import OutputLayout, resolve_tasks
from sklearn_mtl.training import (
    Batches,
    BestWeights,
    MemberRows,
    MultiTaskNet,
    TaskLoss,
    TaskTable,
    _predict,
    iter_raw,
    learning_rate_schedule,
    member_rows,
    raw_of_held_out,
)
from sklearn_mtl.training._callbacks import member_loss

PROPERTY = settings(deadline=None, max_examples=60, derandomize=True)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Nets this small lose more than they gain by several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def mixed_labels(n_rows, n_tasks=3, missing=0.2, seed=0):
    """Columns of numbers, of two classes and of three classes, in turn."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(n_rows, n_tasks))
    y[:, 1::3] = rng.random(y[:, 1::3].shape) < 0.4
    y[:, 2::3] = rng.integers(0, 3, y[:, 2::3].shape)
    kinds = [("regression", "binary", "multiclass")[t % 3] for t in range(n_tasks)]
    y[rng.random(y.shape) < missing] = np.nan
    return y, kinds


def coded(y, kinds, weight=None):
    """Return layout, codes and label weights as `fit` makes them."""
    columns = TargetTable(y).columns
    observed = ~np.isnan(y)
    weight = observed * (np.ones(len(y)) if weight is None else weight)[:, None]
    tasks = resolve_tasks(columns, kinds)
    for t, (task, column) in enumerate(zip(tasks, columns, strict=True)):
        task.fit(column, weight[:, t])
    layout = OutputLayout(tasks)
    codes = [task.encode(column) for task, column in zip(tasks, columns, strict=True)]
    return layout, np.column_stack(codes), weight


def task_table(n_rows=40, n_tasks=3, missing=0.2, weighted=True, sparse_x=False):
    y, kinds = mixed_labels(n_rows, n_tasks, missing)
    rng = np.random.default_rng(1)
    weight = rng.integers(1, 4, n_rows).astype(float) if weighted else None
    layout, codes, label_weight = coded(y, kinds, weight)
    X = rng.normal(size=(n_rows, 4))
    X[:, 0] = np.arange(n_rows)  # a row is known by its first feature
    table = TaskTable(
        sparse.csr_array(X) if sparse_x else X,
        codes,
        label_weight,
        order=layout.order,
        dtype=torch.float64,
    )
    return table, layout


def all_rows(table, layout, n_members=2):
    index = torch.arange(len(table))
    return MemberRows(
        table, index, None, prior_cost=layout.prior_cost, n_members=n_members
    )


def split(table, layout, n_members, seed=0, **params):
    settings = {
        "prior_cost": layout.prior_cost,
        "holds_out": True,
        "validation_fraction": 0.1,
        "validation_table": None,
    }
    return member_rows(
        table, n_members=n_members, generator=generator(seed), **(settings | params)
    )


def network(layout, n_members, seed=0, dtype=torch.float64, **params):
    settings = {"n_features": 4, "hidden_layer_sizes": (8,)}
    return MultiTaskNetwork(
        n_members=n_members,
        task_of_output=layout.task_of_output,
        prior_raw=layout.prior_raw,
        dtype=dtype,
        generator=generator(seed),
        **(settings | params),
    )


def equal_shares(layout, n_members):
    n_tasks = len(layout.order)
    return torch.full((n_members, n_tasks), 1 / n_tasks, dtype=torch.float64)


def numbers_table(n_rows=200, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 3))
    y = np.column_stack([X[:, 0], X[:, 1] + rng.normal(size=n_rows)])
    y[::5, 0] = np.nan
    return X, y


def small_net(**params):
    defaults = {
        "hidden_layer_sizes": (8,),
        "n_members": 2,
        "max_iter": 6,
        "learning_rate_init": 0.01,
        "random_state": 0,
    }
    return MultiTaskNetEstimator(**(defaults | params))


# Batches


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


# The loss


def loss_of_loop(table, layout, row_weight, raw):
    """Return weighted mean losses over prior costs, member by member, task by task."""
    n_members, n_tasks = len(raw), table.codes.shape[1]
    label_weight = table.label_weight
    if label_weight is None:
        label_weight = torch.ones_like(table.codes)
    losses = layout.losses(raw, table.codes)
    result = torch.zeros(n_members, n_tasks, dtype=raw.dtype)
    for k in range(n_members):
        for t in range(n_tasks):
            weight = label_weight[:, t] * row_weight[k]
            if weight.sum() > 0:
                mean = (weight * losses[k, :, t]).sum() / weight.sum()
                result[k, t] = mean / layout.prior_cost[t]
    return result


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


def test_task_that_a_member_has_no_label_of_costs_nothing():
    table, layout = task_table(10, missing=0.0)
    table.label_weight[:, 1] = 0
    rows = split(table, layout, 5)

    assert (rows.scale[:, 1] == 0).all()
    assert rows.scale.isfinite().all()
    assert (rows.held_out.total_weight[:, 1] == 0).all()


# Members


def held_out_by(rows):
    """Return the set of rows that each member is validated on."""
    held_out = rows.held_out
    weight = held_out.row_weight
    if weight is None:
        weight = torch.ones(held_out.index.shape)
    return [
        set(index[own > 0].tolist())
        for index, own in zip(held_out.index, weight, strict=True)
    ]


@pytest.mark.parametrize("n_members", [5, 6, 7, 8, 9, 10])
@pytest.mark.parametrize("n_rows", [43, 40, 10])
def test_folds_of_five_to_ten_members_are_disjoint_and_complete(n_members, n_rows):
    table, layout = task_table(n_rows)
    rows = split(table, layout, n_members)

    folds = held_out_by(rows)

    counted = Counter(row for fold in folds for row in fold)
    assert counted == Counter(range(n_rows))
    assert max(map(len, folds)) - min(map(len, folds)) <= 1
    for weight, fold in zip(rows.row_weight, folds, strict=True):
        assert set(np.flatnonzero(weight == 0)) == fold
    assert rows.index.tolist() == list(range(n_rows))


@pytest.mark.parametrize("n_members", [1, 2, 3, 4, 11, 25])
@pytest.mark.parametrize(("fraction", "n_folds"), [(0.1, 10), (0.2, 5), (0.3, 3)])
def test_share_held_out_is_the_fraction(n_members, fraction, n_folds):
    table, layout = task_table(60)

    folds = held_out_by(split(table, layout, n_members, validation_fraction=fraction))

    assert len(folds) == n_members
    assert {len(fold) for fold in folds} == {60 // n_folds}
    distinct = {frozenset(fold) for fold in folds}
    assert len(distinct) == min(n_members, n_folds)
    assert len(set().union(*folds)) == sum(map(len, distinct))


def test_one_member_trains_on_the_rest_alone():
    table, layout = task_table(50)

    rows = split(table, layout, 1)

    (held_out,) = held_out_by(rows)
    assert len(held_out) == 5
    assert set(rows.index.tolist()) == set(range(50)) - held_out
    assert rows.row_weight is None


def test_no_row_is_held_out_where_none_shall_be():
    table, layout = task_table(20)
    other, _ = task_table(15)

    everything = split(table, layout, 3, holds_out=False)
    with_validation = split(table, layout, 3, validation_table=other)

    for rows in (everything, with_validation):
        assert rows.index.tolist() == list(range(20))
        assert rows.row_weight is None
    assert everything.held_out is None
    assert with_validation.held_out.table is other
    assert with_validation.held_out.index.tolist() == list(range(15))


@pytest.mark.parametrize("n_rows", [1, 2, 3, 7])
def test_few_rows_are_shared_out_too(n_rows):
    table, layout = task_table(n_rows, missing=0.0)

    rows = split(table, layout, n_rows)

    assert len(rows) == max(1, n_rows - (n_rows == 1))
    if n_rows == 1:
        assert rows.held_out is None
    else:
        assert all(len(fold) < n_rows for fold in held_out_by(rows))
        assert (rows.total_weight > 0).all()


def test_folds_come_from_the_generator_alone():
    table, layout = task_table(40)
    before = torch.get_rng_state()

    first, again, other = (
        held_out_by(split(table, layout, 8, seed=seed)) for seed in (0, 0, 1)
    )

    assert torch.equal(torch.get_rng_state(), before)
    assert first == again != other


# Best weights


class Script:
    """A net whose weights are the number of the epoch and whose losses are given."""

    def __init__(self, losses, task_weight=None):
        losses = np.asarray(losses, dtype=float)  # (epochs, K) or (epochs, K, T)
        self.losses = losses[..., None] if losses.ndim == 2 else losses
        n_members, n_tasks = self.losses.shape[1:]
        weight = np.full((n_members, n_tasks), 1 / n_tasks)
        self.task_weight = weight if task_weight is None else np.asarray(task_weight)
        self.module_ = torch.nn.ParameterDict(
            {"weight": torch.zeros(n_members, 2, 3), "bias": torch.zeros(n_members, 1)}
        )
        self.task_losses_ = {"train": [], "valid": []}
        self.history = []

    def monitored_loss(self):
        return MultiTaskNet.monitored_loss(self)

    def run(self, best, epochs=None, part="valid", spoil=()):
        """Return the epochs that ran, and the epoch whose weights each member has."""
        best.on_train_begin(self)
        for epoch, loss in enumerate(self.losses[:epochs], start=1):
            self.history.append({})
            self.task_losses_[part].append(loss)
            with torch.no_grad():
                for parameter in self.module_.parameters():
                    parameter.fill_(epoch)
                for k, first in spoil:
                    if epoch >= first:
                        self.module_["bias"][k] = torch.nan
            best.on_epoch_end(self)
            if best.all_stopped:
                break
        best.on_train_end(self)
        weights = [p.detach().flatten(1) for p in self.module_.parameters()]
        return epoch, torch.cat(weights, dim=1)


def weights_of_epochs(*epochs):
    return torch.tensor(epochs, dtype=torch.float32)[:, None].expand(-1, 7)


def test_each_member_keeps_its_own_best_weights():
    script = Script([[0.9, 0.5], [0.4, 0.6], [0.5, 0.7], [0.45, 0.4], [0.6, 0.8]])
    best = BestWeights(patience=10)

    epochs, weights = script.run(best)

    assert epochs == 5
    assert_close(weights, weights_of_epochs(2, 4))
    assert best.best_epoch_.tolist() == [2, 4]
    assert best.best_loss_.tolist() == [0.4, 0.4]
    assert best.diverged_ == {}


def test_training_ends_once_no_member_improves():
    losses = [[0.5, 0.9], [0.6, 0.8], [0.7, 0.7], [0.1, 0.75], [0.1, 0.71], [0.1, 0.1]]
    best = BestWeights(patience=2)

    epochs, weights = Script(losses).run(best)

    # Member 0 stopped in epoch 3: what came later is not its to keep.
    assert epochs == 5
    assert_close(weights, weights_of_epochs(1, 3))


@pytest.mark.parametrize(("tol", "epochs"), [(1e-4, 6), (0.05, 3)])
def test_improvements_below_tol_do_not_reset_patience_but_are_kept(tol, epochs):
    losses = [[0.50], [0.48], [0.46], [0.44], [0.42], [0.40]]
    best = BestWeights(patience=2, tol=tol)

    ran, weights = Script(losses).run(best)

    assert ran == epochs
    assert_close(weights, weights_of_epochs(ran))


def test_loss_of_a_member_is_weighted_over_the_tasks_that_have_labels():
    losses = [
        [[0.2, 0.8], [np.nan, 0.5]],
        [[0.8, 0.1], [np.nan, 0.6]],
    ]

    _, weights = Script(losses, [[0.9, 0.1], [0.9, 0.1]]).run(BestWeights())
    assert_close(weights, weights_of_epochs(1, 1))
    _, weights = Script(losses, [[0.1, 0.9], [0.1, 0.9]]).run(BestWeights())
    assert_close(weights, weights_of_epochs(2, 1))


def test_member_without_any_label_to_be_validated_on_goes_on_to_the_end():
    losses = [[np.nan, 0.5], [np.nan, 0.6], [np.nan, 0.7]]
    best = BestWeights(patience=1)

    epochs, weights = Script(losses).run(best)

    assert epochs == 3
    assert_close(weights, weights_of_epochs(3, 1))


def test_without_validation_the_last_weights_are_kept():
    losses = [[0.5, 0.9], [0.6, 0.8], [0.7, 0.7]]

    for best, part in ((BestWeights(None), "valid"), (BestWeights(), "train")):
        _, weights = Script(losses).run(best, part=part)
        assert_close(weights, weights_of_epochs(3, 3))


@pytest.mark.parametrize("monitor", ["valid", None])
def test_member_that_diverged_keeps_what_it_had_before(monitor):
    losses = np.array([[0.9, 0.9], [0.8, np.inf], [0.7, 0.1], [0.6, 0.1]])
    best = BestWeights(monitor)

    epochs, weights = Script(losses).run(best)

    assert epochs == 4
    assert_close(weights, weights_of_epochs(4, 1))
    assert best.diverged_ == {1: (2, 0)}


def test_task_that_diverged_is_told():
    losses = np.full((3, 1, 3), 0.5)
    losses[1, 0, 2] = np.inf
    best = BestWeights()

    Script(losses).run(best)

    assert best.diverged_ == {0: (2, 2)}


def test_weights_that_are_not_finite_are_not_kept():
    best = BestWeights(None)

    epochs, weights = Script(np.full((3, 2), 0.5)).run(best, spoil=[(1, 2)])

    assert epochs == 3
    assert_close(weights, weights_of_epochs(3, 1))
    assert best.diverged_ == {1: (2, -1)}


def test_training_ends_where_all_diverge_and_initial_weights_come_back():
    best = BestWeights()

    epochs, weights = Script(np.full((3, 2), np.inf)).run(best)

    assert epochs == 1
    assert_close(weights, weights_of_epochs(0, 0))
    assert best.best_epoch_.tolist() == [0, 0]


@PROPERTY
@given(
    st.lists(st.tuples(*[st.floats(0, 2, width=16)] * 3), min_size=1, max_size=8),
)
def test_kept_weights_are_those_of_the_least_loss(losses):
    _, weights = Script(losses).run(BestWeights(patience=100))

    assert_close(weights, weights_of_epochs(*(np.argmin(losses, axis=0) + 1)))


def test_member_loss_is_the_weighted_mean_of_what_is_known():
    loss = np.array([[1.0, 3.0], [np.nan, 3.0], [np.nan, np.nan], [np.inf, 1.0]])
    weight = np.array([[0.25, 0.75]] * 3 + [[0.0, 1.0]])

    assert_array_equal(member_loss(loss, weight), [2.5, 3.0, np.nan, 1.0])


# The net


def skorch_net(layout, n_members, dtype=torch.float64, **params):
    return MultiTaskNet(
        MultiTaskNetwork,
        module__n_members=n_members,
        module__n_features=4,
        module__task_of_output=layout.task_of_output,
        module__prior_raw=layout.prior_raw,
        module__hidden_layer_sizes=(8,),
        module__dtype=dtype,
        module__generator=generator(),
        criterion__layout=layout,
        criterion__task_weight=equal_shares(layout, n_members).to(dtype),
        optimizer__param_groups=[("*bias*", {"weight_decay": 0.0})],
        iterator_train__shuffle=True,
        iterator_train__generator=generator(),
        **({"lr": 0.01, "batch_size": 16, "max_epochs": 3} | params),
    )


def test_history_holds_means_of_the_losses_of_members_and_tasks():
    table, layout = task_table(50)
    net = skorch_net(layout, 5).initialize()

    net.partial_fit(split(table, layout, 5))

    assert len(net.history) == 3
    for part in ("train", "valid"):
        losses = np.array(net.task_losses_[part])
        assert losses.shape == (3, 5, 3)
        assert_allclose(net.history[:, f"{part}_loss"], losses.mean(axis=(1, 2)))
    assert len(net.history[-1, "batches"]) == 1


class BatchListener(Callback):
    def on_batch_end(self, net, loss, training, **kwargs):
        """Be told of batches, as skorch's scoring callbacks are."""


def test_history_holds_batches_where_a_callback_is_told_of_them():
    table, layout = task_table(50)
    net = skorch_net(layout, 5, callbacks=[BatchListener()]).initialize()

    net.partial_fit(split(table, layout, 5))

    batches = net.history[-1, "batches", :, ("train_loss", "train_batch_size")]
    assert sorted(size for _, size in batches) == [12, 12, 13, 13]
    assert_allclose(
        np.mean([loss for loss, _ in batches]), net.history[-1, "train_loss"]
    )


def test_losses_of_a_frozen_net_are_those_over_all_rows():
    table, layout = task_table(50)
    net = skorch_net(layout, 5, lr=0.0, max_epochs=1).initialize()
    rows = split(table, layout, 5)

    net.partial_fit(rows)

    with torch.no_grad():
        raw = net.module_(table.features)
    for part, weight in (("train", rows.row_weight), ("valid", 1 - rows.row_weight)):
        expected = loss_of_loop(table, layout, weight, raw)
        assert_allclose(net.task_losses_[part][0], expected)


def test_loss_is_nan_where_a_member_has_no_label_to_be_validated_on():
    table, layout = task_table(50)
    rows = split(table, layout, 5)
    own = rows.held_out.index[2]
    table.label_weight[own, 0] = 0
    rows = split(table, layout, 5)
    net = skorch_net(layout, 5, max_epochs=2).initialize()

    net.partial_fit(rows)

    unknown = np.zeros((5, 3), dtype=bool)
    unknown[2, 0] = True
    for losses in net.task_losses_["valid"]:
        assert_array_equal(np.isnan(losses), unknown)
    assert np.isfinite(net.history[:, "valid_loss"]).all()


def test_members_train_as_they_would_alone():
    table, layout = task_table(40)
    stack = skorch_net(layout, 3, callbacks__best_weights=None).initialize()
    initial = {name: p.clone() for name, p in stack.module_.state_dict().items()}
    rows = split(table, layout, 3)

    stack.partial_fit(rows)

    for k in range(3):
        alone = skorch_net(layout, 1, callbacks__best_weights=None).initialize()
        alone.module_.load_state_dict({n: p[[k]] for n, p in initial.items()})
        alone.partial_fit(
            MemberRows(
                table,
                rows.index,
                rows.row_weight[[k]],
                prior_cost=layout.prior_cost,
                n_members=1,
            )
        )
        for own, stacked in zip(
            alone.module_.parameters(), stack.module_.parameters(), strict=True
        ):
            assert_close(own[0], stacked[k])


class Operators(TorchDispatchMode):
    """Counts calls of torch operators."""

    def __init__(self):
        super().__init__()
        self.calls = Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.calls[str(function.overloadpacket)] += 1
        return function(*args, **(kwargs or {}))


def operators_of_steps(n_tasks, n_members, private=(), **params):
    """Count the operators of the batches and steps of one epoch."""
    table, layout = task_table(64, n_tasks, missing=0.1)
    net = skorch_net(
        layout, n_members, module__head_hidden_layer_sizes=private, **params
    ).initialize()
    rows = all_rows(table, layout, n_members)
    net.partial_fit(rows, epochs=1)  # states of the optimizer are made at first
    with Operators() as counted:
        net.run_single_epoch(
            net.get_iterator(rows, training=True), True, "train", net.train_step
        )
    return counted.calls


# With private heads, a stack of one is spared the copies that a larger one needs; and
# so is the only column of classes.
@pytest.mark.parametrize(("private", "n_members"), [((), 1), ((4, 4), 2)])
def test_step_calls_as_many_operators_for_many_tasks_and_members(private, n_members):
    few = operators_of_steps(6, n_members, private)

    assert sum(few.values()) > 100
    assert few == operators_of_steps(30, n_members, private)
    assert few == operators_of_steps(6, 8, private)


@pytest.mark.parametrize("n_members", [1, 8])
def test_step_reads_no_number_back(n_members):
    calls = operators_of_steps(n_tasks=6, n_members=n_members)

    for name in ("_local_scalar_dense", "is_nonzero", "equal", "nonzero"):
        assert calls[f"aten.{name}"] == 0


def test_numbers_read_in_an_epoch_do_not_grow_with_its_steps():
    table, layout = task_table(64)

    def read(batch_size):
        net = skorch_net(layout, 5, batch_size=batch_size).initialize()
        rows = split(table, layout, 5)
        net.partial_fit(rows, epochs=1)
        with Operators() as counted:
            net.partial_fit(rows, epochs=1)
        return counted.calls["aten._local_scalar_dense"]

    assert read(64) == read(4)


# Callbacks of the user's own, passed to the estimators


class Interrupt(Callback):
    """Ctrl-C at some point of training."""

    def __init__(self, event, epoch, once=False):
        self.event, self.epoch, self.once = event, epoch, once

    def notify(self, event, **kwargs):
        net = kwargs.get("net")
        if event == self.event and len(net.history) == self.epoch:
            if self.once:
                self.epoch = -1
            raise KeyboardInterrupt

    def on_epoch_end(self, net, **kwargs):
        self.notify("on_epoch_end", net=net)

    def on_batch_end(self, net, training=None, **kwargs):
        self.notify("on_train_batch" if training else "on_valid_batch", net=net)


@pytest.mark.parametrize(
    ("event", "epoch", "early_stopping"),
    [
        ("on_epoch_end", 3, True),
        ("on_train_batch", 4, True),
        ("on_valid_batch", 4, True),
        ("on_train_batch", 4, False),
    ],
)
def test_interrupt_keeps_the_best_weights_so_far(event, epoch, early_stopping):
    X, y = numbers_table()
    params = {"early_stopping": early_stopping, "learning_rate_init": 0.1}
    expected = small_net(max_iter=3, **params).fit(X, y)

    net = small_net(max_iter=50, callbacks=[Interrupt(event, epoch)], **params)
    net.fit(X, y)

    assert_array_equal(net.predict(X), expected.predict(X))
    assert_array_equal(net.best_epoch_, expected.best_epoch_)
    assert len(net.history_) == 3


@pytest.mark.parametrize("event", ["on_train_batch", "on_valid_batch", "on_epoch_end"])
def test_history_stays_in_step_after_an_interrupt(event):
    X, y = numbers_table()
    net = small_net(warm_start=True, max_iter=4, callbacks=[Interrupt(event, 2, True)])

    net.fit(X, y)
    done = len(net.history_)
    net.fit(X, y)

    rows = net.history_
    assert len(rows) == done + 4
    for row in rows:
        for part in ("train_loss", "valid_loss"):
            of_tasks = [row[f"{part}/{name}"] for name in (0, 1)]
            assert row[part] == pytest.approx(np.mean(of_tasks), rel=1e-4)


def test_interrupt_of_the_first_step_leaves_a_usable_estimator():
    X, y = numbers_table()

    net = small_net(callbacks=[Interrupt("on_train_batch", 1)]).fit(X, y)

    assert np.isfinite(net.predict(X)).all()
    assert net.history_ == []


def test_callback_of_the_users_own_sees_the_net_each_epoch():
    class Norms(Callback):
        def on_train_begin(self, net, **kwargs):
            self.norms_ = []

        def on_epoch_end(self, net, **kwargs):
            norm = sum(p.square().sum() for p in net.module_.parameters())
            self.norms_.append(float(norm.detach()))
            net.history.record("norm", self.norms_[-1])

    X, y = numbers_table()

    net = small_net(callbacks=[("norms", Norms())]).fit(X, y)

    norms = dict(net.net_.callbacks_)["norms"].norms_
    assert len(set(norms)) == 6
    assert net.net_.history[:, "norm"] == norms


def test_epoch_scoring_scores_each_epoch():
    def mean_error(net, rows, labels=None):
        x, labels = rows.batch(slice(0, len(rows)), 1)
        with torch.no_grad():
            raw = net.module_(x)
        return float((raw - labels.codes).square().mean())

    X, y = numbers_table()
    scoring = EpochScoring(mean_error, name="error", use_caching=False)

    net = small_net(callbacks=[("scoring", scoring)]).fit(X, y)

    errors = net.net_.history[:, "error"]
    assert len(errors) == 6
    assert errors[-1] < errors[0]
    assert net.net_.history[0, "error_best"]


def test_checkpoint_saves_weights_that_load(tmp_path):
    X, y = numbers_table()
    checkpoint = Checkpoint(monitor="valid_loss_best", dirname=tmp_path)

    net = small_net(callbacks=[checkpoint]).fit(X, y)

    saved = torch.load(tmp_path / "params.pt", weights_only=True)
    assert saved.keys() == net.net_.module_.state_dict().keys()
    net.net_.module_.load_state_dict(saved)
    assert np.isfinite(net.predict(X)).all()
    assert (tmp_path / "history.json").exists()


def test_scheduler_of_the_users_own_sets_the_learning_rate():
    X, y = numbers_table()
    scheduler = LRScheduler(torch.optim.lr_scheduler.StepLR, step_size=2, gamma=0.1)

    net = small_net(callbacks=[scheduler]).fit(X, y)

    rates = [row["learning_rate"] for row in net.history_]
    assert_allclose(rates, [1e-2, 1e-2, 1e-3, 1e-3, 1e-4, 1e-4])


def test_gradient_clipping_reaches_the_step():
    X, y = numbers_table()
    params = {"solver": "sgd", "alpha": 0.0, "early_stopping": False, "dropout": 0.0}

    clipped = small_net(callbacks=[GradientNormClipping(1e-12)], **params).fit(X, y)
    free = small_net(**params).fit(X, y)

    losses = np.array([row["train_loss"] for row in clipped.history_])
    assert_allclose(losses, losses[0], rtol=1e-4)
    assert free.history_[-1]["train_loss"] < 0.9 * losses[0]


def test_early_stopping_of_skorch_ends_training():
    X, y = numbers_table()
    stopping = EarlyStopping(monitor="train_loss", patience=2, threshold=10)

    net = small_net(max_iter=50, callbacks=[stopping]).fit(X, y)

    assert net.n_iter_ == 3  # one to compare with, and two without a gain
    assert np.isfinite(net.predict(X)).all()


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("constant", [0.01] * 6),
        ("invscaling", [0.01 / np.sqrt(epoch) for epoch in range(1, 7)]),
    ],
)
def test_learning_rate_follows_the_schedule_named(name, rates):
    X, y = numbers_table()

    net = small_net(learning_rate=name).fit(X, y)

    assert_allclose([row["learning_rate"] for row in net.history_], rates)


def test_adaptive_learning_rate_falls_by_five_where_the_loss_stays():
    X, y = numbers_table()

    # With tol=10 no epoch counts as better, so that every second one lowers the rate.
    net = small_net(learning_rate="adaptive", tol=10, n_iter_no_change=20).fit(X, y)

    rates = np.array([row["learning_rate"] for row in net.history_])
    assert_allclose(rates, [0.01, 0.01, 0.01, 0.002, 0.002, 0.0004])


def test_constant_learning_rate_needs_no_scheduler():
    assert learning_rate_schedule("constant", 1e-4) is None


def test_progress_bar_counts_epochs_and_closes_when_interrupted(capsys):
    X, y = numbers_table()

    small_net(verbose=1, callbacks=[Interrupt("on_epoch_end", 2)]).fit(X, y)
    assert "2/6" in capsys.readouterr().err
    small_net().fit(X, y)
    assert capsys.readouterr() == ("", "")


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
    change(module.trunk.layers[0].weight)
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
