"""Networks of further tasks, and what of a network is held."""

import numpy as np
import pytest
import torch

from sklearn_mtl.nn import (
    SHARING,
    Binding,
    HardSharing,
    MultiTaskNetwork,
    hand_on,
    held_parameters,
    shares_parameters,
)


def network(task_of_output, **settings):
    settings = {"hidden_layer_sizes": (4, 4), **settings}
    return MultiTaskNetwork(
        n_members=2,
        n_features=3,
        task_of_output=np.array(task_of_output),
        prior_raw=np.zeros(len(task_of_output)),
        generator=torch.Generator().manual_seed(0),
        **settings,
    )


SIZES = [(), (3,), ((3,), (), (2,), (3,))]


@pytest.mark.parametrize("sizes", SIZES)
def test_what_earlier_tasks_are_told_stays_the_same_to_the_bit(sizes, rng):
    mixed = any(np.ndim(size) for size in sizes)
    earlier = network(
        [0, 2, 2, 1], head_hidden_layer_sizes=sizes[:3] if mixed else sizes
    )
    grown = network(
        [0, 2, 2, 3, 1], head_hidden_layer_sizes=sizes, generation=[0, 0, 0, 1]
    )
    hand_on(earlier, grown)
    x = torch.from_numpy(rng.normal(size=(7, 3)))
    before, after = (
        net.bind(Binding(dtype=torch.float64)).forward(x) for net in (earlier, grown)
    )
    assert torch.equal(after[..., [0, 1, 2, 4]], before)


@pytest.mark.parametrize("sizes", SIZES)
def test_gradients_are_those_of_autograd_and_none_of_what_is_held(sizes, rng):
    net = network(
        [0, 2, 2, 3, 1], head_hidden_layer_sizes=sizes, generation=[0, 0, 0, 1]
    )
    parameters = held_parameters(net, [3], shared_only=False)
    for parameter in parameters:
        parameter.requires_grad_(False)
    x = torch.from_numpy(rng.normal(size=(7, 3))).float()
    bound = net.bind(Binding(trains=True).at_the_bottom)
    raw = bound.forward(x)
    bound.backward(torch.ones_like(raw))
    trained = [p for p in net.parameters() if p.requires_grad]
    wanted = torch.autograd.grad(net(x).sum(), trained)
    for parameter, gradient in zip(trained, wanted, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)
    assert all(parameter.grad is None for parameter in parameters)
    assert not bound.is_shared  # the way back ends above what is held


def test_no_norm_shortens_what_is_held():
    net = network([0, 1], max_norm=1e-3)
    before = net.sharing.layers[0].weight.clone()
    for parameter in held_parameters(net, [0], shared_only=True):
        parameter.requires_grad_(False)
    net.constrain()
    assert torch.equal(net.sharing.layers[0].weight, before)
    assert net.heads.weight.norm(dim=-2).max() < 2e-3


@pytest.mark.parametrize("name", SHARING)
def test_ways_of_sharing_grow_or_say_that_they_do_not(name):
    shares = name not in ("none", "soft")
    assert shares_parameters(network([0, 1], sharing=SHARING[name]())) == shares
    settings = {"sharing": SHARING[name](), "generation": [0, 0, 1]}
    if name in ("hard", "factors"):
        network([0, 1, 2], **settings)
        return
    with pytest.raises(ValueError, match="makes none for further columns"):
        network([0, 1, 2], **settings)


class Renamed(HardSharing):
    of_members = ()

    def forward(self, features):
        return features

    def setup(self, **settings):
        super().setup(**settings)
        self.further = self.layers
        del self.layers


def test_a_way_of_sharing_that_loses_what_it_has_learned_is_told():
    with pytest.raises(ValueError, match="Let grow keep the names"):
        hand_on(network([0]), network([0, 1], sharing=Renamed(), generation=[0, 1]))
