"""ExcessMTL against the authors' algorithm, and where one column's labels are noise."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.balancing import ExcessMTL
from sklearn_mtl.datasets import make_multitask

N_STEPS, N_TASKS, N_UNITS = 12, 3, 5
GRADIENTS = np.random.default_rng(0).normal(size=(N_STEPS, 2, N_TASKS, N_UNITS))
GRADIENTS *= np.array([1.0, 0.1, 3.0])[:, None]


def made(n_members=2, n_tasks=N_TASKS, **parameters):
    balancing = ExcessMTL(**parameters)
    shares = torch.full((n_members, n_tasks), 1 / n_tasks, dtype=torch.float64)
    balancing.setup(shares, torch.Generator())
    balancing.setup_units(N_UNITS)
    return balancing


def weights_of(balancing, gradients, loss=None):
    gradients = torch.from_numpy(gradients)
    loss = torch.ones(gradients.shape[:2]) if loss is None else torch.tensor(loss)
    return balancing.weights(loss.double(), gradients).numpy()


STEPS_OF_EPOCH = 2


def by_authors(gradients, step_size, n_first):
    """Weights of one network after each step: He et al. 2024, algorithm 1."""
    weight, squares = np.full(N_TASKS, 1 / N_TASKS), np.zeros((N_TASKS, N_UNITS))
    first, weights = [], []
    for g in gradients:
        squares += g**2
        excess = (g**2 / np.sqrt(squares + 1e-7)).sum(axis=1)
        if len(first) < n_first:
            first.append(excess)
        else:
            weight = weight * np.exp(step_size * excess / np.mean(first, axis=0))
            weight /= weight.sum()
        weights.append(weight)
    return weights


@pytest.mark.parametrize("step_size", [0.01, 0.5])
@pytest.mark.parametrize(("warmup", "n_first"), [(0, 1), (1, 2), (3, 6)])
def test_weights_are_those_of_the_authors(step_size, warmup, n_first):
    balancing = made(step_size=step_size, warmup=warmup)

    weights = []
    for of_epoch in GRADIENTS.reshape(-1, STEPS_OF_EPOCH, 2, N_TASKS, N_UNITS):
        weights += [weights_of(balancing, gradients) for gradients in of_epoch]
        balancing.end_epoch(None)

    for k in range(2):
        expected = by_authors(GRADIENTS[:, k], step_size, n_first)
        assert_allclose(np.array(weights)[:, k], expected, rtol=1e-9)


def test_task_without_labels_keeps_its_weight_beside_the_mean_of_the_others():
    balancing = made(step_size=1.0, warmup=0)
    before = [weights_of(balancing, gradients) for gradients in GRADIENTS[:3]][-1]
    logit, squares = balancing.logit[:, 0].clone(), balancing.squares[:, 0].clone()
    gradients = GRADIENTS[3].copy()
    gradients[:, 0] = 0.0

    found = weights_of(balancing, gradients, [[0.0, 1.0, 1.0]] * 2)

    assert_allclose(found[:, 0], 0.0)
    assert_allclose(found.sum(axis=1), 2 / 3)
    assert_allclose(balancing.logit[:, 0], logit)
    assert_allclose(balancing.squares[:, 0], squares)
    assert not np.allclose(found[:, 1:], before[:, 1:])


def test_first_batch_with_labels_is_what_later_ones_are_compared_with():
    balancing = made(step_size=1.0, warmup=0)
    late = GRADIENTS[0].copy()
    late[:, 2] = 0.0

    weights_of(balancing, late, [[1.0, 1.0, 0.0]] * 2)
    assert_allclose(balancing.first_excess[:, 2], 0.0)
    weights_of(balancing, GRADIENTS[1])

    squared = GRADIENTS[1][:, 2] ** 2
    expected = (squared / np.sqrt(squared + 1e-7)).sum(axis=1)
    assert_allclose(balancing.first_excess[:, 2], expected)


def weights_with_noisy_labels(balancing):
    """Fit a column whose labels are mostly noise, beside three others."""
    X, y = make_multitask(600, n_tasks=4, noise=0.1, random_state=0)
    noise = np.random.default_rng(0).normal(size=len(y))
    y[:, 3] += 3 * y[:, 3].std() * noise
    net = MultiTaskNetRegressor(
        balancing=balancing,
        hidden_layer_sizes=(32,),
        n_members=2,
        n_bins=0,
        dropout=0.0,
        early_stopping=False,
        max_iter=15,
        random_state=0,
    )
    net.fit(X, y)
    squares = getattr(net.net_.criterion_.balancing, "squares", None)
    return net.balancing_history_[-1, 3], squares


def test_noisy_column_is_not_favoured_for_a_loss_that_stays_large():
    by_excess, squares = weights_with_noisy_labels("excess")
    by_loss, _ = weights_with_noisy_labels("stch")

    assert by_excess < 0.35
    assert by_loss > 0.5
    assert squares.shape == (2, 4, 32)
    assert (squares > 0).all()
