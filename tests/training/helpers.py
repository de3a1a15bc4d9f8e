"""Coded tables, networks and nets that tests of training share."""

from collections import Counter

import numpy as np
import torch
from hypothesis import settings
from scipy import sparse
from skorch.callbacks import Callback
from torch.utils._python_dispatch import TorchDispatchMode

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.nn import MultiTaskNetwork
from sklearn_mtl.tables import TargetTable
from sklearn_mtl.tasks import OutputLayout, resolve_tasks
from sklearn_mtl.training import (
    MemberRows,
    MultiTaskNet,
    TaskTable,
    ensemble,
    member_rows,
    random_folds,
)
from tests.helpers import generator

PROPERTY = settings(deadline=None, max_examples=60, derandomize=True)


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
    tasks = fitted_tasks(columns, kinds, weight)
    layout = OutputLayout(tasks)
    codes = [task.encode(column) for task, column in zip(tasks, columns, strict=True)]
    return layout, np.column_stack(codes), weight


def fitted_tasks(columns, kinds, weight):
    tasks = resolve_tasks(columns, kinds)
    for t, (task, column) in enumerate(zip(tasks, columns, strict=True)):
        task.fit(column, weight[:, t])
    return tasks


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


def members_of(layout, n_members, folds=(), seed=0, **params):
    n_tasks = len(layout.order)
    weight = np.full(n_tasks, 1 / n_tasks)
    return ensemble(
        n_members, task_weight=weight, folds=folds, generator=generator(seed), **params
    )


def split(
    table,
    layout,
    n_members,
    seed=0,
    holds_out=True,
    validation_fraction=0.1,
    validation_table=None,
):
    folds = []
    if holds_out and validation_table is None:
        rows = len(table), n_members, validation_fraction
        folds = random_folds(*rows, generator(seed))
    return member_rows(
        table,
        members_of(layout, n_members, folds),
        prior_cost=layout.prior_cost,
        validation_table=validation_table,
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


def held_out_by(rows):
    """Return the set of rows that each member is validated on."""
    held_out = rows.held_out
    weight = held_out.row_weight
    index = held_out.index.expand(len(held_out.scale), -1)
    if weight is None:
        weight = torch.ones(index.shape)
    return [
        set(rows[own > 0].tolist()) for rows, own in zip(index, weight, strict=True)
    ]


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
