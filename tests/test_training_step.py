"""A step by hand against a step by autograd, and what a step may not do."""

import copy

import numpy as np
import pytest
import torch
from test_training import (
    Operators,
    all_rows,
    equal_shares,
    network,
    operators_of_steps,
    skorch_net,
    split,
    task_table,
)
from torch.testing import assert_close

from sklearn_mtl.nn import MultiTaskNetwork
from sklearn_mtl.training import Labels, StepByHand, TaskLoss

TABLES = {
    "plain": {"missing": 0.0, "weighted": False},
    "missing labels": {"missing": 0.3, "weighted": False},
    "weighted": {"missing": 0.3, "weighted": True},
    "one column": {"n_tasks": 1, "missing": 0.0, "weighted": False},
}
SHAPES = {
    "shared": {},
    "private": {"head_hidden_layer_sizes": (4,)},
    "dropout": {"dropout": 0.3},
}
tables = pytest.mark.parametrize("table_params", TABLES.values(), ids=TABLES)
net_shapes = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


class ByAutograd(MultiTaskNetwork):
    """The same network; formulas by hand are for `MultiTaskNetwork` itself."""


def unequal_shares(layout, n_members):
    shares = equal_shares(layout, n_members)
    return shares * torch.linspace(0.5, 1.5, shares.numel()).view(shares.shape)


@tables
@net_shapes
@pytest.mark.parametrize("n_members", [1, 5])
def test_losses_and_gradients_are_those_of_autograd(table_params, shape, n_members):
    table, layout = task_table(**table_params)
    rows = split(table, layout, n_members)
    criterion = TaskLoss(layout, unequal_shares(layout, n_members))
    net = network(layout, n_members, **shape)
    batch = rows.batch(slice(0, 16), rows.scale * 3)

    by_hand, automatic = copy.deepcopy(net), copy.deepcopy(net)
    step = StepByHand(by_hand, criterion, rows.scale * 3)(batch)
    loss = criterion(automatic(batch[0]), batch[1])
    criterion.combine(loss).sum().backward()

    assert_close(step["task_loss"], loss.detach())
    for found, expected in zip(
        by_hand.parameters(), automatic.parameters(), strict=True
    ):
        assert expected.grad.abs().max() > 0
        assert_close(found.grad, expected.grad)


@net_shapes
def test_a_fit_by_hand_is_a_fit_by_autograd(shape):
    table, layout = task_table(50)
    params = {f"module__{name}": value for name, value in shape.items()}
    nets = []
    for module in (MultiTaskNetwork, ByAutograd):
        net = skorch_net(layout, 5, **params).set_params(module=module).initialize()
        nets.append(net.partial_fit(split(table, layout, 5)))
    by_hand, automatic = nets
    assert len(by_hand.history) == 3
    for found, expected in zip(
        by_hand.module_.parameters(), automatic.module_.parameters(), strict=True
    ):
        assert_close(found, expected)
    for part in ("train", "valid"):
        np.testing.assert_allclose(
            by_hand.history[:, f"{part}_loss"], automatic.history[:, f"{part}_loss"]
        )


# Guard: what would make a step slow


@pytest.mark.parametrize("private", [(), (4,)])
def test_six_tasks_and_three_hundred_take_as_many_calls(private):
    few = operators_of_steps(6, 2, private)
    assert few == operators_of_steps(300, 2, private)


def test_two_members_and_eight_take_as_many_calls():
    assert operators_of_steps(6, 2) == operators_of_steps(6, 8)


def test_a_step_takes_few_calls():
    """A plain step: 3 layers forward and backward, one loss, one update."""
    table, layout = task_table(64, n_tasks=1, missing=0.0, weighted=False)
    net = skorch_net(layout, 1).initialize()
    rows = all_rows(table, layout, 1)
    net.partial_fit(rows, epochs=1)
    iterator = net.get_iterator(rows, training=True)
    net._prepare_step(iterator)
    batch = next(iter(iterator))
    with Operators() as counted:
        net.train_step(batch)

    assert counted.calls["aten._fused_adamw_"] == 2  # one with decay, one without
    assert counted.calls["aten.baddbmm"] == 2
    assert counted.calls["aten.bmm"] == 3
    assert sum(counted.calls.values()) <= 50, counted.calls


def meta_step(layout, n_members, shape):
    """Make a step, and a batch for it, on a device that holds no numbers to read."""
    net = network(layout, n_members, **shape).to("meta")
    n_tasks = len(layout.order)
    scale = torch.empty(n_members, n_tasks, device="meta", dtype=torch.float64)
    criterion = TaskLoss(copy.deepcopy(layout), scale).to("meta")
    batch = (
        torch.empty(7, 4, device="meta", dtype=torch.float64),
        Labels(
            codes=torch.empty(7, n_tasks, device="meta", dtype=torch.float64),
            label_weight=None,
            row_weight=torch.empty(n_members, 7, device="meta", dtype=torch.float64),
            scale=scale,
        ),
    )
    return StepByHand(net, criterion, scale), batch, net


@pytest.mark.parametrize("shape", ["shared", "private"])
def test_a_step_reads_nothing_back_to_the_host(shape):
    _, layout = task_table(n_tasks=6)
    step, batch, net = meta_step(layout, 3, SHAPES[shape])

    found = step(batch)

    assert found["task_loss"].device.type == "meta"
    assert all(p.grad.device.type == "meta" for p in net.parameters())
    with pytest.raises((RuntimeError, NotImplementedError)):
        found["task_loss"].sum().item()
