"""Parts that sum to a total: loss, prior, labels that follow, and a net of them."""

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.tasks import OutputLayout, Simplex, completed_columns
from tests.tasks.helpers import columns_of, normal

NAMES = ["sand", "silt", "clay"]
PARTS = 0, 1, 2


def tasks_of(table, weight=None, **parameters):
    """Fit the tasks of a group to a table, after what follows was filled in."""
    group = Simplex(**parameters)
    tasks = [group.task_of(PARTS, j) for j in PARTS]
    table = np.asarray(table, dtype=float)
    weight = (~np.isnan(table)).astype(float) if weight is None else weight
    columns, weight = completed_columns(
        tasks, columns_of(table), weight, np.arange(len(table))
    )
    group.fit(tasks, columns, weight)
    return tasks, columns, weight


def shares_of(n_rows, seed=0):
    return np.random.default_rng(seed).dirichlet([2.0, 1.0, 0.5], n_rows)


@pytest.mark.parametrize("scale", [1.0, 30.0, 300.0])
def test_gradient_of_all_parts_is_that_of_the_multinomial_loss(scale):
    tasks, _, _ = tasks_of(shares_of(20))
    raw = (scale * normal(2, 20, 3)).requires_grad_()
    codes = torch.from_numpy(shares_of(20, seed=1))

    loss, gradient = tasks[0].loss_and_gradient(raw.detach().unsqueeze(-1), codes)

    multinomial = -(codes * torch.log_softmax(raw, -1)).sum()
    assert_allclose(
        gradient.squeeze(-1), *torch.autograd.grad(multinomial, raw), atol=1e-12
    )
    assert (loss > -1e-12).all()
    assert loss.isfinite().all()


def test_formula_is_the_automatic_gradient():
    (task, *_), _, _ = tasks_of(shares_of(20))
    raw, codes = normal(2, 20, 3, 1), torch.from_numpy(shares_of(20, seed=1))

    found = task.loss_and_gradient(raw, codes)

    expected = super(type(task), task).loss_and_gradient(raw, codes)
    for ours, automatic in zip(found, expected, strict=True):
        assert_allclose(ours, automatic, atol=1e-12)


def test_worked_case():
    (task, *_), _, _ = tasks_of([[20, 30, 50], [40, 40, 20]], total=100)
    raw = torch.tensor([0.5, 0.25, 0.25], dtype=torch.float64).log()
    codes = torch.tensor([0.8, 0.1, 0.1], dtype=torch.float64)

    loss, gradient = task.loss_and_gradient(raw.unsqueeze(-1), codes)

    first = 0.8 * np.log(0.8 / 0.5) + 0.2 * np.log(0.2 / 0.5)
    others = 0.1 * np.log(0.1 / 0.25) + 0.9 * np.log(0.9 / 0.75)
    assert_allclose(loss, [first, others, others])
    assert_allclose(gradient.squeeze(-1), [-0.3, 0.15, 0.15])


def test_prior_is_the_mean_share_and_costs_one():
    shares = shares_of(50)
    tasks, columns, _ = tasks_of(100 * shares, total=100)

    layout = OutputLayout(tasks)
    raw = torch.from_numpy(layout.prior_raw).expand(1, 50, -1)
    codes = np.column_stack(
        [task.encode(column) for task, column in zip(tasks, columns, strict=True)]
    )
    losses = layout.losses(raw, torch.from_numpy(codes))[0]

    prior = [task.response(task.read_prior())[0] for task in tasks]
    assert_allclose(prior, 100 * shares.mean(axis=0))
    assert_allclose(losses.mean(dim=0), layout.prior_cost)
    alone = [
        task.loss_of_arrays(raw[0].numpy(), code)
        for task, code in zip(tasks, codes.T, strict=True)
    ]
    assert_allclose(alone, losses.T)


def test_one_missing_part_follows_from_the_others():
    table = np.array([[0.2, 0.3, np.nan], [0.5, np.nan, np.nan], [0.1, 0.1, 0.8]])
    weight = np.array([[2.0, 4.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 1.0]])

    tasks, columns, weight = tasks_of(table, weight)

    assert_allclose(columns[2].numbers(), [0.5, np.nan, 0.8])
    assert_array_equal(weight, [[2, 4, 3], [1, 0, 0], [1, 1, 1]])
    assert_allclose(tasks[2].share_, (3 * 0.5 + 0.8) / 4)


def test_part_without_any_label_is_missing_and_the_same_share_stays():
    unknown, _, _ = tasks_of([[0.2, np.nan, np.nan], [0.4, np.nan, np.nan]])
    assert np.isnan(unknown[1].response(np.zeros(3))).all()
    assert unknown[1].prior_cost_ == 0 < unknown[0].prior_cost_

    same, _, _ = tasks_of([[0.2, 0.3, 0.5], [0.2, 0.5, 0.3]])
    assert same[0].prior_cost_ == same[1].prior_cost_ > 0


WRONG = {
    "negative part": ([[-5, 50, 55]], r"Column 0 of y holds -5.*never negative"),
    "sum": (
        [[50, 30, 20], [50, 30, 10]],
        r"Row 1 of the columns \[0, 1, 2\] sums to 90,.*parts of 100.*tolerance",
    ),
    "not all parts": ([[50, 20, 9], [1, 2, 3], [7, 8, 0]], "name the others too"),
    "known parts": ([[90, 30, np.nan]], r"sums to 120 by its known parts alone"),
    "another total": ([[0.5, 0.3, 0.2]], r"Simplex\(total=1\)"),
}


@pytest.mark.parametrize(("table", "message"), WRONG.values(), ids=list(WRONG))
def test_wrong_labels_are_told(table, message):
    with pytest.raises(ValueError, match=message):
        tasks_of(table, total=100)


@pytest.mark.parametrize("parameters", [{"total": 0}, {"tolerance": -1}])
def test_wrong_parameters_are_told(parameters):
    with pytest.raises(ValueError, match=f"{next(iter(parameters))}="):
        tasks_of([[0.5, 0.3, 0.2]], **parameters)


def aitchison(truth, predicted):
    """Mean Aitchison distance of compositions."""
    logs = [np.log(table) for table in (truth, predicted)]
    centred = [log - log.mean(axis=1, keepdims=True) for log in logs]
    return np.linalg.norm(centred[0] - centred[1], axis=1).mean()


def test_beats_rescaled_regression_in_log_ratios():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(400, 3))
    logits = np.column_stack([2 * X[:, 0], 2 * X[:, 1] - 2, 0 * X[:, 2]])
    shares = np.exp(logits + 0.2 * rng.normal(size=logits.shape))
    y = pd.DataFrame(shares / shares.sum(axis=1, keepdims=True), columns=NAMES)
    train, test = slice(300), slice(300, None)
    found = {}
    for kinds in (None, Simplex()):
        net = MultiTaskNetRegressor(
            task_types=kinds,
            hidden_layer_sizes=(16,),
            learning_rate_init=0.02,
            max_iter=20,
            n_members=2,
            random_state=0,
        ).fit(X[train], y[train])
        predicted = np.maximum(net.predict(X[test]), 1e-3)
        predicted /= predicted.sum(axis=1, keepdims=True)
        found[kinds is None] = aitchison(y[test].to_numpy(), predicted)

    assert found[False] < 0.9 * found[True]
