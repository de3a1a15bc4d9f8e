"""The cost of decoded features, by hand."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy.stats import multivariate_normal

from sklearn_mtl.nn import Decoder, HiddenUnits
from sklearn_mtl.tables import FeatureEncoder, decoded_columns
from tests.helpers import homes
from tests.nn.helpers import draws

pd = pytest.importorskip("pandas")


def decoder_of(encoder, **params):
    hidden = HiddenUnits("relu", 2, 0.0, draws(1))
    found = Decoder(1, 2, (), decoded_columns(encoder), hidden=hidden, **params)
    return found.double()


def test_cost_is_that_of_the_prior_where_the_prior_is_decoded():
    X = homes()
    encoder = FeatureEncoder().fit(X, np.ones(len(X)))
    features = torch.from_numpy(encoder.transform(X, np.float64))
    for generative in (False, True):
        decoder = decoder_of(encoder, generative=generative)
        prior = decoder.output.bias.detach().expand(1, len(X), -1)
        cost = decoder.cost(prior, features)
        assert cost.shape == (1, len(X))
        assert_allclose(cost.detach().mean(), 1.0)


def test_cost_of_a_row_by_hand():
    """Two numbers, one missing, and a category of three levels."""
    X = pd.DataFrame(
        {
            "a": [0.0, 2.0, 4.0, 2.0],
            "b": [1.0, np.nan, 3.0, 2.0],
            "c": ["x", "y", "z", "x"],
        }
    )
    encoder = FeatureEncoder().fit(X, np.ones(4))
    columns = decoded_columns(encoder)
    features = torch.from_numpy(encoder.transform(X, np.float64))
    decoder = decoder_of(encoder, generative=False)
    decoded = torch.zeros(1, 4, 5, dtype=torch.float64)
    decoded[..., 2:] = torch.tensor([1.0, 0.0, -1.0])
    share = np.array([0.5, 0.25, 0.25])
    entropy = -(share * np.log(share)).sum()
    log_p = np.array([1.0, 0.0, -1.0]) - np.log(np.exp([1.0, 0.0, -1.0]).sum())
    # Variances are 1: of the second row only `a`, which is at its mean, is known.
    second = (0.0 * 2 / 3 / (1 + 0.75)) - log_p[1] / entropy / 3
    z = (np.array([4.0, 3.0]) - [2.0, 2.0]) / [2**0.5, (2 / 3) ** 0.5]
    third = (z**2).sum() * 2 / 3 / (1 + 0.75) - log_p[2] / entropy / 3

    cost = decoder.cost(decoded, features)

    assert_allclose(columns.known, [1.0, 0.75])
    assert_allclose(cost[0, 1:3].detach(), [second, third])


def test_cost_of_a_generative_decoder_is_a_likelihood():
    X = np.random.default_rng(0).normal(size=(30, 3)) * [1.0, 10.0, 0.1]
    encoder = FeatureEncoder().fit(X, np.ones(30))
    decoder = decoder_of(encoder, generative=True)
    with torch.no_grad():
        decoder.log_variance[...] = torch.tensor([0.0, -1.0, 1.0])
    features = torch.from_numpy(encoder.transform(X, np.float64))
    decoded = torch.full((1, 30, 3), 0.3, dtype=torch.float64)
    density = multivariate_normal([0.3] * 3, np.diag(np.exp([0.0, -1.0, 1.0])))

    cost = decoder.cost(decoded, features) * decoder.prior

    assert_allclose(cost[0].detach(), -density.logpdf(features.numpy()))
