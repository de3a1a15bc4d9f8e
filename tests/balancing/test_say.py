"""What each task may say: missing labels, weights of zero, and twice the weight."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sklearn_mtl.balancing import BALANCING
from tests.balancing.gramians import made_gradients

N_MEMBERS, N_TASKS = 3, 4
GRADIENTS = made_gradients(N_MEMBERS, N_TASKS, shift=0.3, n_weights=30)
RNG = np.random.default_rng(5)
EPOCHS = RNG.uniform(0.2, 1.0, size=(3, N_MEMBERS, N_TASKS))
LOSS = RNG.uniform(0.2, 1.0, size=(3, N_MEMBERS, N_TASKS))
SHARES = RNG.dirichlet(np.full(N_TASKS, 5.0), size=N_MEMBERS)
DRAWS = {"rlw", "pcgrad"}
BY_LOSS = {"fixed", "uncertainty", "dwa", "gls", "stch", "famo"}
SAME_TWICE = BY_LOSS - {"uncertainty"} | {"excess", "cagrad", "nash", "upgrad"}


def last_weights(name, shares, losses, epochs, gradients):
    """Weights (K, T) of the last of some steps, which may go by those before."""
    shares, losses, epochs, gradients = (
        torch.from_numpy(np.array(values))
        for values in (shares, losses, epochs, gradients)
    )
    balancing = BALANCING[name]()
    balancing.setup(shares, torch.Generator().manual_seed(0))
    balancing.setup_units(gradients.shape[2])
    own = list(balancing.parameters())
    adam = torch.optim.Adam(own, lr=0.1) if own else None
    for loss, of_epoch in zip(losses, epochs, strict=True):
        of_labelled = gradients * (loss != 0).unsqueeze(2)
        read = of_labelled
        if balancing.reads == "gramian":
            read = of_labelled @ of_labelled.transpose(1, 2)
        weights = balancing.weights(loss, read).clone()
        if adam is not None:
            adam.step()
        balancing.end_epoch(of_epoch)
    return weights.numpy()


@pytest.mark.parametrize("name", sorted(BALANCING.keys() - DRAWS))
def test_column_of_weight_zero_is_as_good_as_absent(name):
    kept = [0, 1, 3]
    shares = SHARES * [1, 1, 0, 1]
    shares /= shares.sum(axis=1, keepdims=True)

    zero = last_weights(name, shares, LOSS, EPOCHS, GRADIENTS)
    absent = last_weights(
        name, shares[:, kept], LOSS[..., kept], EPOCHS[..., kept], GRADIENTS[:, kept]
    )

    assert_allclose(zero[:, 2], 0.0)
    assert_allclose(zero[:, kept], absent, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", sorted(DRAWS))
def test_column_of_weight_zero_has_none_where_weights_are_drawn(name):
    shares = SHARES * [1, 1, 0, 1]

    zero = last_weights(name, shares, LOSS, EPOCHS, GRADIENTS)

    assert_allclose(zero[:, 2], 0.0)
    assert (zero[:, [0, 1, 3]] > 0).all()


@pytest.mark.parametrize("name", sorted(SAME_TWICE))
def test_twice_the_weight_is_the_column_twice(name):
    twice = [0, 1, 2, 3, 3]
    doubled, split = SHARES.copy(), SHARES[:, twice].copy()
    doubled[:, 3] *= 2
    for shares in (doubled, split):
        shares /= shares.sum(axis=1, keepdims=True)

    once = last_weights(name, doubled, LOSS, EPOCHS, GRADIENTS)
    both = last_weights(
        name, split, LOSS[..., twice], EPOCHS[..., twice], GRADIENTS[:, twice]
    )

    both[:, 3] += both[:, 4]
    # How equal gradients share what is added is open; the step is the same.
    step, expected = (w[:, None, :4] @ GRADIENTS for w in (both, once))
    assert_allclose(step, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", sorted(BALANCING.keys() - DRAWS))
def test_task_without_labels_in_a_batch_has_no_say_in_it(name):
    kept = [0, 1, 3]
    losses = LOSS.copy()
    losses[-1, :, 2] = 0.0  # as of a batch without labels
    whole = SHARES[:, kept].sum(axis=1, keepdims=True)

    without = last_weights(name, SHARES, losses[-1:], EPOCHS[-1:], GRADIENTS)
    absent = last_weights(
        name,
        SHARES[:, kept] / whole,
        losses[-1:, :, kept],
        EPOCHS[-1:][..., kept],
        GRADIENTS[:, kept],
    )

    # The others have the weights that they would have alone, but for the scale: a
    # batch with fewer labels makes a shorter step, as by fixed weights.
    assert_allclose(without[:, kept], absent * whole, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", sorted(BALANCING))
def test_batch_without_any_label_and_member_that_diverged(name):
    losses = LOSS.copy()
    losses[-1, 0] = 0.0
    gradients = GRADIENTS.copy()
    losses[-1, 1], gradients[1] = np.inf, np.nan

    weights = last_weights(name, SHARES, losses[-1:], EPOCHS[-1:], gradients)
    alone = last_weights(name, SHARES, LOSS[-1:], EPOCHS[-1:], GRADIENTS)

    assert np.isfinite(weights[0]).all()
    if name not in DRAWS:
        assert_allclose(weights[2], alone[2])


@pytest.mark.parametrize("name", sorted(BALANCING))
def test_member_that_learns_one_column_does_so_at_full_weight(name):
    shares = np.zeros((N_MEMBERS, N_TASKS))
    shares[:, 1] = 1.0

    weights = last_weights(name, shares, LOSS[:1], EPOCHS[:1], GRADIENTS)

    expected = 1.5 if name == "cagrad" else 1.0
    assert_allclose(weights[:, 1], expected, rtol=1e-6)
    assert_allclose(np.delete(weights, 1, axis=1), 0.0)
