"""A step by hand against a step by autograd, and what a step may not do."""

import copy

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from sklearn_mtl.balancing import MGDA
from sklearn_mtl.nn import LayeredExtraction, MultiTaskNetwork
from sklearn_mtl.training import FlatAdamW, Labels, MultiTaskNet, Step, TaskLoss
from tests.training.helpers import (
    Operators,
    all_rows,
    equal_shares,
    network,
    operators_of_steps,
    skorch_net,
    split,
    task_table,
)

# By hand against by autograd


TABLES = {
    "plain": {"missing": 0.0, "weighted": False},
    "missing labels": {"missing": 0.3, "weighted": False},
    "weighted": {"missing": 0.3, "weighted": True},
    "one column": {"n_tasks": 1, "missing": 0.0, "weighted": False},
}

SHAPES = {
    "shared": {},
    "private": {"head_hidden_layer_sizes": (4,)},
    "private by task": {"head_hidden_layer_sizes": ((4,), (), (4, 3))},
    "dropout": {"dropout": 0.3},
}

BY_TASK = SHAPES["private by task"]["head_hidden_layer_sizes"]

tables = pytest.mark.parametrize("table_params", TABLES.values(), ids=TABLES)

net_shapes = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


class ByAutograd(MultiTaskNetwork):
    """The same network; one that changes `forward` loses the formulas."""

    def forward(self, features):
        return super().forward(features)


def unequal_shares(layout, n_members):
    shares = equal_shares(layout, n_members)
    return shares * torch.linspace(0.5, 1.5, shares.numel()).view(shares.shape)


@tables
@net_shapes
@pytest.mark.parametrize("n_members", [1, 5])
def test_losses_and_gradients_are_those_of_autograd(table_params, shape, n_members):
    table, layout = task_table(**table_params)
    if shape == SHAPES["private by task"]:
        shape = {"head_hidden_layer_sizes": BY_TASK[: len(layout.order)]}
    rows = split(table, layout, n_members)
    criterion = TaskLoss(layout, unequal_shares(layout, n_members))
    net = network(layout, n_members, **shape)
    batch = rows.batch(slice(0, 16), rows.scale * 3)

    by_hand, automatic = copy.deepcopy(net), copy.deepcopy(net)
    step = Step(by_hand, criterion, rows.scale * 3)(batch)
    loss = criterion(automatic(batch[0]), batch[1])
    criterion.combine(loss).sum().backward()

    assert_close(step["task_loss"], loss.detach())
    for found, expected in zip(
        by_hand.parameters(), automatic.parameters(), strict=True
    ):
        assert expected.grad.abs().max() > 0
        assert_close(found.grad, expected.grad)


@pytest.mark.parametrize("wrt", ["units", "weights"])
@pytest.mark.parametrize("heads", [(), (4,)], ids=str)
def test_gradients_are_compared_through_all_levels(wrt, heads):
    """Experts of three levels, whose tasks read units of their own."""
    table, layout = task_table()
    rows = all_rows(table, layout)
    net = network(
        layout,
        2,
        hidden_layer_sizes=(8, 6, 5),
        head_hidden_layer_sizes=heads,
        sharing=LayeredExtraction(n_own_experts=2),
    )
    shares = unequal_shares(layout, 2)
    batch = rows.batch(slice(0, 16), rows.scale * 3)

    plain = copy.deepcopy(net)
    step = Step(net, TaskLoss(layout, shares, MGDA(wrt)), rows.scale * 3)(batch)

    criterion = TaskLoss(layout, shares, MGDA(wrt))
    units = plain.shared(batch[0].expand(2, -1, -1))
    losses = criterion(plain.heads(units), batch[1])
    levels = plain.sharing.levels
    of = [*levels[:2].parameters(), *levels[2].shared.parameters()]
    gradients = []
    for rank, task in enumerate(layout.order):
        wanted = of if wrt == "weights" else [units]
        found = torch.autograd.grad(losses[:, rank].sum(), wanted, retain_graph=True)
        found = found if wrt == "weights" else [found[0][:, task]]
        gradients.append(torch.cat([g.flatten(1) for g in found], dim=1))
    flat = torch.stack(gradients, dim=1)
    weights = criterion.balancing.weights(losses, flat @ flat.transpose(1, 2))
    (losses * weights).sum().backward()
    assert_close(step["weights"], weights)
    assert not torch.allclose(weights, shares)
    for found, expected in zip(net.parameters(), plain.parameters(), strict=True):
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


def mixed_heads(n_tasks):
    return tuple((4,) if t % 2 else () for t in range(n_tasks))


def test_private_layers_by_task_take_as_many_calls_for_many_tasks():
    few = operators_of_steps(6, 2, mixed_heads(6))
    assert few == operators_of_steps(300, 2, mixed_heads(300))


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
    net._prepare_epoch(iterator.scale)
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
    return Step(net, criterion, scale), batch, net


@pytest.mark.parametrize("shape", ["shared", "private", "private by task"])
def test_a_step_reads_nothing_back_to_the_host(shape):
    _, layout = task_table(n_tasks=3)
    step, batch, net = meta_step(layout, 3, SHAPES[shape])

    found = step(batch)

    assert found["task_loss"].device.type == "meta"
    assert all(p.grad.device.type == "meta" for p in net.parameters())
    for links in net.links(layout.padding.numpy()):
        links.shrink(0.1)
    with pytest.raises((RuntimeError, NotImplementedError)):
        found["task_loss"].sum().item()


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


# Links that steps thin


@pytest.mark.parametrize("private", [(), (4,), BY_TASK])
@pytest.mark.parametrize("module", [MultiTaskNetwork, ByAutograd])
@pytest.mark.parametrize("optimizer", [FlatAdamW, torch.optim.SGD])
def test_a_step_shrinks_links_by_the_rate_that_it_was_taken_at(
    private, module, optimizer
):
    """One batch an epoch: a step, and the proximal operator at the current rate."""
    table, layout = task_table(40)
    rows = all_rows(table, layout)
    params = {
        "module__head_hidden_layer_sizes": private,
        "optimizer": optimizer,
        "batch_size": 40,
        "lr": 0.02,
    }
    nets = [
        skorch_net(layout, 2, **params, head_sparsity=sparsity)
        .set_params(module=module)
        .initialize()
        for sparsity in (0.0, 0.7)
    ]
    for net in nets:
        for group in net.optimizer_.param_groups:
            group["lr"] = 0.01
        net.partial_fit(rows, epochs=1)
    plain, thinned = (net.module_ for net in nets)

    for links in plain.links(layout.padding.numpy()):
        links.shrink(0.7 * 0.01)

    for expected, found in zip(plain.parameters(), thinned.parameters(), strict=True):
        assert_close(found, expected)


def test_links_that_are_not_trained_are_not_thinned():
    table, layout = task_table(40)
    net = skorch_net(layout, 2, head_sparsity=1.0).initialize()
    net.module_.heads.weight.requires_grad_(False)
    before = net.module_.heads.weight.clone()

    net.partial_fit(all_rows(table, layout))

    assert torch.equal(net.module_.heads.weight, before)


def test_thinning_takes_as_many_calls_for_many_tasks_and_none_where_not_asked_for():
    few = operators_of_steps(6, 2, head_sparsity=0.1)
    assert few == operators_of_steps(300, 2, head_sparsity=0.1)
    plain = operators_of_steps(6, 2)
    assert plain == operators_of_steps(6, 2, head_sparsity=0.0)
    steps = few["aten.index_add_"]
    assert steps == 4  # one a step
    assert sum(few.values()) - sum(plain.values()) <= 13 * steps


def test_a_module_without_links_is_refused():
    table, layout = task_table(40)

    class Foreign(torch.nn.Module):
        def __init__(self, network):
            super().__init__()
            self.network = network

        def forward(self, features):
            return self.network(features)

    net = MultiTaskNet(
        Foreign,
        module__network=network(layout, 2),
        criterion__layout=layout,
        criterion__task_weight=equal_shares(layout, 2),
        head_sparsity=0.1,
    ).initialize()
    with pytest.raises(ValueError, match=r"head_sparsity=0\.1 .* is Foreign"):
        net.partial_fit(all_rows(table, layout))
