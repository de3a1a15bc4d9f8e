"""Stacked linear maps."""

import pytest
from torch import nn
from torch.testing import assert_close

from sklearn_mtl.nn import StackedLinear
from tests.helpers import generator
from tests.nn.helpers import draws, features


def test_stacked_linear_equals_linear_maps():
    layer = StackedLinear((2, 3), 4, 5, gain=1.0, draws=draws(2))
    nn.init.normal_(layer.bias, generator=generator(2))
    x = features(2, 3, 6, 4).float()

    mapped = layer(x)

    for k in range(2):
        for t in range(3):
            linear = nn.functional.linear(
                x[k, t], layer.weight[k, t].T, layer.bias[k, t, 0]
            )
            assert_close(mapped[k, t], linear)


@pytest.mark.parametrize("gain", [1.0, 2.0])
def test_initial_weights_have_the_gain_asked_for(gain):
    layer = StackedLinear((2,), 100, 200, gain=gain, draws=draws(2))

    assert layer.weight.std().item() * 10 == pytest.approx(gain, rel=0.02)
    assert (layer.bias == 0).all()
