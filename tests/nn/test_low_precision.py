"""Products in another number format than the weights."""

import copy

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from sklearn_mtl.nn import AutogradPass, Binding, HardSharing
from sklearn_mtl.nn._low_precision import LowPrecisionPass
from tests.nn.helpers import BINS, features, network

TRAINS = Binding(trains=True).at_the_bottom
ROUNDED = TRAINS._replace(products=torch.bfloat16)
SHAPES = {
    "two layers": {"hidden_layer_sizes": (7, 5)},
    "bins": {"hidden_layer_sizes": (7,), "bins": BINS},
    "dropped units": {"hidden_layer_sizes": (7, 5), "dropout": 0.3},
    "unlike members": {
        "hidden_layer_sizes": (5, 5, 5),
        "dropout": (0.5, 0.2, 0.0),
        "depth": (3, 2, 1),
    },
    "features of each member": {"hidden_layer_sizes": (7,), "input_dropout": 0.3},
    "private layers": {"hidden_layer_sizes": (7,), "head_hidden_layer_sizes": (4,)},
}
shapes = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def float32(**shape):
    return network(dtype=torch.float32, **shape)


def trained(net, binding, steps=1):
    """Return raw outputs and gradients of some steps, of which each draws anew."""
    bound, x = net.bind(binding), features(6, 4).float()
    found = []
    for _ in range(steps):
        raw = bound.forward(x)
        bound.backward(torch.ones_like(raw))
        found += [raw, *(parameter.grad.clone() for parameter in net.parameters())]
    return found


@shapes
def test_a_longer_format_changes_rounding_alone(shape):
    net = float32(**shape)
    plain = copy.deepcopy(net)

    found = trained(net, TRAINS._replace(products=torch.float64), steps=2)

    assert {tensor.dtype for tensor in found} == {torch.float32}
    assert_close(found, trained(plain, TRAINS, steps=2))


@shapes
def test_a_shorter_format_is_near(shape):
    net = float32(activation="tanh", **shape)  # without bends, which rounding may cross
    plain, before = copy.deepcopy(net), copy.deepcopy(net.state_dict())

    found = trained(net, ROUNDED)

    assert {tensor.dtype for tensor in found} == {torch.float32}
    assert_close(net.state_dict(), before, rtol=0, atol=0)
    expected = trained(plain, TRAINS)
    assert not torch.equal(found[0], expected[0])
    for rounded, exact in zip(found, expected, strict=True):
        assert (rounded - exact).abs().max() <= 0.03 * exact.abs().max()


def test_weights_are_rounded_anew_in_each_step():
    net = float32(hidden_layer_sizes=(7,))
    bound, x = net.bind(ROUNDED), features(6, 4).float()
    bound.forward(x)
    with torch.no_grad():
        net.sharing.layers[0].weight.mul_(2)

    changed = bound.forward(x)

    assert_close(changed, net.bind(ROUNDED).forward(x), rtol=0, atol=0)


class Gate(nn.Module):
    """A layer of somebody else, that could not stand rounded weights."""

    def __init__(self):
        super().__init__()
        self.openness = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return x * torch.sigmoid(self.openness)


class Gated(HardSharing):
    of_members = ()

    def setup(self, **how):
        super().setup(**how)
        self.gate = Gate()

    def forward(self, features):
        return self.gate(super().forward(features))


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ({"sharing": Gated()}, AutogradPass),
        ({"sharing": HardSharing()}, LowPrecisionPass),
    ],
)
def test_layers_of_others_are_not_rounded(shape, kind):
    bound = float32(hidden_layer_sizes=(7,), **shape).bind(ROUNDED)

    assert type(bound.sharing) is kind


def test_nothing_to_round():
    net = float32(hidden_layer_sizes=())
    plain = copy.deepcopy(net)

    assert_close(trained(net, ROUNDED), trained(plain, TRAINS), rtol=0, atol=0)
