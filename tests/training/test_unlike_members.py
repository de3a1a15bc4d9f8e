"""Members of unlike settings in one stack, against networks trained alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sklearn_mtl.balancing import FixedWeights, UncertaintyWeighting
from sklearn_mtl.nn import MultiTaskNetwork
from sklearn_mtl.tables import TargetTable
from sklearn_mtl.training import (
    OF_EACH,
    BestWeights,
    Fold,
    TaskLoss,
    make_net,
    member_rows,
    new_generator,
    norms_of_links,
)
from tests.training.helpers import fitted_tasks, members_of, mixed_labels, task_table

SIZES = (12, 12, 12)
N_STEPS = 50


def unlike(layout, n_rows):
    """Five members of unlike rate, decay, depth, tasks and rows."""
    rows = np.arange(n_rows)
    folds = [Fold(None, rows[::4]), Fold(rows[1::3], rows[::3]), Fold(None, rows[2::5])]
    rng = np.random.default_rng(0)
    alike = members_of(layout, 5, folds)
    return replace(
        alike,
        task_weight=rng.dirichlet(np.ones(len(layout.order)), size=5),
        learning_rate=np.array([1e-2, 1e-3, 3e-3, 2e-2, 5e-3]),
        weight_decay=np.array([0.0, 1e-1, 1e-2, 5e-1, 1e-2]),
        depth=np.array([3, 3, 2, 1, 1]),
    )


def tasks_of_table(n_rows):
    """Return the tasks of `task_table`, weighted as it weighs rows."""
    y, kinds = mixed_labels(n_rows)
    weight = np.random.default_rng(1).integers(1, 4, n_rows).astype(float)
    return fitted_tasks(TargetTable(y).columns, kinds, ~np.isnan(y) * weight[:, None])


def stack_of(layout, members, balancing, **settings):
    defaults = {
        "module__n_features": 4,
        "module__hidden_layer_sizes": SIZES,
        "batch_size": 1000,
        "max_epochs": N_STEPS,
        "callbacks__best_weights__monitor": None,
    }
    return make_net(
        tasks_of_table(60),
        members,
        dtype="float64",
        device="cpu",
        solver="adam",
        generator=new_generator(0),
        balancing=balancing,
        reconstruction=None,
        decoded_columns=None,
        settings=defaults | settings,
        overrides={},
    )


def trained_alone(k, layout, members, rows, balancing):
    """Train one member by autograd and torch's own AdamW; return its weights."""
    network = MultiTaskNetwork(
        n_members=1,
        n_features=4,
        task_of_output=layout.task_of_output,
        prior_raw=layout.prior_raw,
        hidden_layer_sizes=SIZES[: members.depth[k]],
        dtype=torch.float64,
        generator=new_generator(1),
        seeds=[members.seed[k]],
    )
    weight = torch.from_numpy(members.task_weight[[k]])
    loss = TaskLoss(layout, weight, balancing)
    named = [*network.named_parameters(), *loss.named_parameters()]
    biases = [p for name, p in named if "bias" in name or "variance" in name]
    weights = [p for name, p in named if not ("bias" in name or "variance" in name)]
    decay = members.weight_decay[k]
    groups = [
        {"params": weights, "weight_decay": decay},
        {"params": biases, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=members.learning_rate[k], foreach=False)
    own = rows.select(np.array([k]))
    features, labels = own.batch(slice(None), own.scale)
    for _ in range(N_STEPS):
        optimizer.zero_grad()
        loss.balancing.combine(loss(network(features), labels)).sum().backward()
        optimizer.step()
    return {name: p.detach()[0] for name, p in named}


@pytest.mark.parametrize("balancing", [FixedWeights(), UncertaintyWeighting()])
def test_unlike_members_are_the_networks_that_are_trained_alone(balancing):
    table, layout = task_table(60)
    members = unlike(layout, 60)
    net = stack_of(layout, members, balancing)
    rows = member_rows(table, members, prior_cost=layout.prior_cost)

    net.partial_fit(rows)

    stack = dict([*net.module_.named_parameters(), *net.criterion_.named_parameters()])
    for k in range(members.number):
        alone = trained_alone(k, layout, members, rows, balancing)
        for name, weight in alone.items():
            assert_allclose(stack[name].detach()[k], weight, rtol=0, atol=1e-9)
        assert len(alone) == sum(k < len(p) for p in stack.values())


@pytest.mark.parametrize("head_hidden_layer_sizes", [(), (3,)])
def test_links_are_thinned_at_the_rate_of_each_member(head_hidden_layer_sizes):
    table, layout = task_table(60)
    members = replace(unlike(layout, 60), weight_decay=np.zeros(5), depth=np.full(5, 3))
    settings = {
        "head_sparsity": 0.5,
        "max_epochs": 20,
        "module__head_hidden_layer_sizes": head_hidden_layer_sizes,
    }

    def norms(members):
        net = stack_of(layout, members, FixedWeights(), **settings)
        net.partial_fit(member_rows(table, members, prior_cost=layout.prior_cost))
        return norms_of_links(net)

    stack = norms(members)
    for k in range(5):
        of_one = {name: getattr(members, name)[[k]] for name in OF_EACH}
        alone = norms(replace(members, **of_one))
        assert_allclose(stack[[k]], alone, rtol=1e-9, atol=1e-12)
    assert (stack == 0).any()
    assert (stack > 0).any()


def test_unlike_members_that_stop_leave_the_others_as_they_are():
    table, layout = task_table(60)
    members = unlike(layout, 60)
    rows = member_rows(table, members, prior_cost=layout.prior_cost)
    nets = [
        stack_of(
            layout,
            members,
            FixedWeights(),
            callbacks__best_weights=BestWeights(patience=patience, tol=tol),
            callbacks__best_weights__monitor="valid",
        )
        for patience, tol in [(3, 0.01), (N_STEPS, 0.0)]
    ]
    for net in nets:
        net.partial_fit(rows)

    early, late = nets
    n_epochs = (~np.isnan(early.task_losses_["train"])).any(axis=2).sum(axis=0)
    assert len(set(n_epochs.tolist())) > 2
    for k, n in enumerate(n_epochs):
        assert_allclose(
            np.stack(early.task_losses_["valid"])[:n, k],
            np.stack(late.task_losses_["valid"])[:n, k],
            rtol=1e-9,
        )
