"""Held-out losses of what is delivered: the members' mean, drawn to the prior."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.estimators._encode import encode_rows
from sklearn_mtl.estimators._losses_of_mean import losses_of_mean
from sklearn_mtl.estimators._reading import read_table
from sklearn_mtl.estimators._rows import labelled_rows


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 3))
    y = np.column_stack([X[:, 0], rng.normal(size=50)])
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(8,),
        n_members=5,
        max_iter=8,
        learning_rate_init=0.02,
        own_nets="never",
        calibrate=False,
        random_state=0,
    ).fit(X, y)
    rows = labelled_rows(read_table(net, X, y, None, None))
    return net.stack_, encode_rows(net.net_, net.stack_.codings, rows, None), rows, y


def test_they_are_what_members_lose_less_what_their_mean_gains(fitted):
    stack, encoded, rows, y = fitted
    candidates = np.zeros(5, dtype=int)
    found = losses_of_mean(stack, encoded.held_out, rows, [0], candidates)[:, 0]

    def said(function):
        return stack.map_responses(function, rows.X, [0])[0]

    of_members = said(lambda _, responses: [responses[0][..., 0].T]).T
    scale, error = y[:, 0].var(), (of_members - y[:, 0]) ** 2
    own = [
        error[k, fold.held_out].mean() for k, fold in enumerate(stack.net.members.folds)
    ]
    gain = of_members.var(axis=0).mean()
    assert_allclose(found, (np.array(own) - gain) / scale, rtol=1e-5)


def test_what_is_noise_is_judged_near_its_prior_and_candidates_apart(fitted):
    stack, encoded, rows, _ = fitted
    together = losses_of_mean(
        stack, encoded.held_out, rows, [0, 1], np.zeros(5, dtype=int)
    )
    apart = losses_of_mean(
        stack, encoded.held_out, rows, [0, 1], np.array([0, 0, 0, 1, 1])
    )
    assert_allclose(together[:, 1].mean(), 1.0, atol=0.15)
    assert (apart[:, 0].mean() > together[:, 0].mean()).all()  # smaller means
