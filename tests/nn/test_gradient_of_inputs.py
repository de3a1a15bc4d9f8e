"""What autograd says of the inputs: tools that explain predictions ask for it."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.nn import (
    ACTIVATIONS,
    MAXOUT,
    Autoencoder,
    Binding,
    VariationalAutoencoder,
)
from tests.nn.helpers import BINS, SHAPES, features, network, shapes

PARTS = SHAPES | {
    "layers that some leave out": {"hidden_layer_sizes": (6, 6), "depth": (2, 2, 1)},
    "all at once": {
        "hidden_layer_sizes": (7, 5),
        "head_hidden_layer_sizes": ((4, 3), (), (2,)),
        "bins": BINS,
        "dropout": 0.5,
        "input_dropout": 0.5,
    },
}
ACTIVATION_NAMES = [*ACTIVATIONS, MAXOUT]


def evaluated(**params):
    return network(n_members=3, maxout_pieces=3, **params).eval()


@pytest.mark.parametrize("activation", ACTIVATION_NAMES)
@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_gradient_of_inputs_is_that_of_finite_differences(part, activation):
    stack, x = evaluated(activation=activation, **part), features(2, 4)

    assert torch.autograd.gradcheck(stack, x.requires_grad_(), fast_mode=True)


@pytest.mark.parametrize("reconstruction", [Autoencoder, VariationalAutoencoder])
def test_gradient_of_inputs_under_a_decoder(reconstruction):
    X = np.random.default_rng(0).normal(size=(40, 3))
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(4,), reconstruction=reconstruction(), max_iter=1
    ).fit(X, X[:, 0])
    module = net.net_.module_.double().eval()

    assert torch.autograd.gradcheck(module, features(2, 3).requires_grad_())


@pytest.mark.parametrize("n_bins", [0, 3, "auto"])
def test_gradient_of_inputs_of_a_fitted_net(n_bins):
    X = np.random.default_rng(0).normal(size=(60, 3))
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(4,), n_bins=n_bins, n_members=2, max_iter=2, random_state=0
    ).fit(X, X[:, :2])
    module = net.net_.module_.double().eval()

    # Bins bend at cells of X, where there is no gradient.
    x = torch.from_numpy(net.feature_encoder_.transform(X[:4] + 0.01)).double()
    assert torch.autograd.gradcheck(module, x.requires_grad_())


@pytest.mark.parametrize("activation", ACTIVATION_NAMES)
@shapes
def test_every_module_may_have_hooks(shape, activation):
    """Full hooks turn outputs into views, which nothing may then write over."""
    stack, x = evaluated(activation=activation, **shape), features(5, 4)
    plain = torch.autograd.grad(stack(x.requires_grad_()).sum(), x)
    called = []
    for part in stack.modules():
        part.register_full_backward_hook(lambda part, *_: called.append(part))

    hooked = torch.autograd.grad(stack(x).sum(), x)

    assert_close(hooked, plain)
    assert called


@shapes
def test_passes_compute_what_layers_do_bit_for_bit(shape):
    for activation in ACTIVATION_NAMES:
        stack, x = evaluated(activation=activation, **shape), features(5, 4)
        before = x.clone()

        raw = stack(x)

        assert torch.equal(stack.bind(Binding()).forward(x), raw)
        assert torch.equal(x, before)


@pytest.mark.filterwarnings("ignore")  # torch.export takes seconds to import
@shapes
def test_modules_can_be_traced(shape):
    stack = evaluated(**shape)

    traced = torch.jit.trace(stack, features(5, 4))

    assert_close(traced(features(3, 4)), stack(features(3, 4)))
