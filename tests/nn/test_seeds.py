"""Initial weights of a member: the same whoever stands beside it."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from sklearn_mtl.nn import Autoencoder, MemberDraws, Sharing, VariationalAutoencoder
from tests.helpers import generator
from tests.nn.helpers import SHAPES, features, network

SEEDS = [7, 2**31, 11]


class Decoded:
    """Four numbers of mean 0 and variance 1."""

    number = np.arange(4)
    mean, std, known = np.zeros(4), np.ones(4), np.ones(4)
    gap = np.full(4, -1)
    level = category = np.zeros(0, dtype=np.int64)
    share = known_category = np.zeros(0)


class Scaled(Sharing):
    """Draws parameters of its own."""

    def setup(self, *, n_members, n_tasks, n_features, sizes, hidden):
        factor = hidden.draws.normal_(torch.empty(n_members, 1, n_features))
        self.factor = torch.nn.Parameter(factor)
        self.layers = hidden.layers((n_members,), [n_features, *sizes])
        self.n_units = sizes[-1]

    def forward(self, features):
        units = features * self.factor
        for layer in self.layers:
            units = layer(units)
        return units


MADE = SHAPES | {
    "maxout": {"hidden_layer_sizes": (7, 5), "activation": "maxout"},
    "own sharing": {"sharing": Scaled()},
    "autoencoder": {
        "hidden_layer_sizes": (7, 5),
        "reconstruction": Autoencoder(n_units=2),
        "decoded_columns": Decoded(),
    },
    "variational": {
        "hidden_layer_sizes": (7, 5),
        "reconstruction": VariationalAutoencoder(),
        "decoded_columns": Decoded(),
    },
}


@pytest.mark.parametrize("params", MADE.values(), ids=MADE)
@pytest.mark.parametrize("k", [0, 2])
def test_a_member_starts_as_the_same_network_made_alone(params, k):
    stack = network(3, seeds=SEEDS, dropout=0.1, **params)
    alone = network(1, seed=5, seeds=SEEDS[k : k + 1], **params)

    own = dict(alone.named_parameters())
    for name, parameter in stack.named_parameters():
        assert torch.equal(parameter[k], own[name][0]), name
    x = features(10, 4)
    stack.eval(), alone.eval()
    assert_close(stack(x)[k], alone(x)[0])


def test_seeds_that_are_not_given_are_drawn():
    drawn, again, other = network(seed=0), network(seed=0), network(seed=1)

    assert torch.equal(drawn.heads.weight, again.heads.weight)
    assert not torch.isclose(drawn.heads.weight, other.heads.weight).any()


def test_dropped_units_come_from_the_generator_whatever_the_seeds():
    x = torch.ones(3, 5, 7)
    first, other = (network(seeds=s, dropout=0.5) for s in (SEEDS, SEEDS[::-1]))

    masks = [net.sharing.layers[0].dropout.mask(x) for net in (first, other)]

    assert torch.equal(*masks)


def test_one_seed_a_member():
    with pytest.raises(ValueError, match=r"seeds has 3 entries, but n_members is 2"):
        network(2, seeds=SEEDS)


def test_first_members_draw_as_all_of_them_do():
    first, second = (MemberDraws(SEEDS, generator()) for _ in range(2))
    some, all_of_them = (
        first.normal_(torch.empty(2, 50)),
        second.normal_(torch.empty(3, 50), std=2.0),
    )

    assert_close(2.0 * some, all_of_them[:2])
    with pytest.raises(ValueError, match=r"shape \(4, 1\), but 3 members"):
        first.normal_(torch.empty(4, 1))
