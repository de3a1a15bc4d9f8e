"""Small networks of several shapes."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from sklearn_mtl.nn import Binding, MemberDraws, MultiTaskNetwork
from tests.helpers import generator

# Three tasks, which own 1, 3 and 2 raw outputs.
TASK_OF_OUTPUT = np.array([0, 1, 1, 1, 2, 2])

PRIOR = np.array([0.5, -1.0, 0.0, 1.0, 2.0, -3.0])

# Two bins of the first feature and one of the last; all are 0 at 0.
BINS = [
    np.array([0, 0, 3]),
    np.array([-1.0, 0.5, 0.0]),
    np.array([1.0, 2.0, 0.5]),
    np.array([-1.0, 1.0, 0.0]),
    np.array([-np.inf, 0.0, -0.5]),
    np.array([1.0, np.inf, 0.5]),
]

SHAPES = {
    "shared": {"hidden_layer_sizes": (7, 5)},
    "private": {"hidden_layer_sizes": (7,), "head_hidden_layer_sizes": (4, 3)},
    "one private layer": {"hidden_layer_sizes": (7,), "head_hidden_layer_sizes": (4,)},
    "nothing shared": {"hidden_layer_sizes": (), "head_hidden_layer_sizes": (4,)},
    "mixed": {
        "hidden_layer_sizes": (7,),
        "head_hidden_layer_sizes": ((4, 3), (), (4, 3)),
    },
    "mixed, nothing shared": {
        "hidden_layer_sizes": (),
        "head_hidden_layer_sizes": ((5,), (4, 3), (2,)),
    },
    "linear": {"hidden_layer_sizes": ()},
    "binned": {"hidden_layer_sizes": (7,), "bins": BINS},
}

shapes = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def settings(**params):
    defaults = {
        "n_features": 4,
        "task_of_output": TASK_OF_OUTPUT,
        "prior_raw": PRIOR,
        "hidden_layer_sizes": (7,),
        "dtype": torch.float64,
    }
    return defaults | params


def draws(n_members, seed=0):
    """Make what members draw their initial weights from."""
    return MemberDraws(range(seed, seed + n_members), generator(seed))


def network(n_members=3, seed=0, **params):
    return MultiTaskNetwork(
        n_members=n_members, generator=generator(seed), **settings(**params)
    )


def features(*shape, seed=1):
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


def sharing_of(sharing, sizes=(5,), n_members=2, **params):
    """Set a way of sharing up, for 4 features and the 3 tasks of `TASK_OF_OUTPUT`."""
    params = {"activation": "tanh", "hidden_layer_sizes": sizes} | params
    return network(n_members, sharing=sharing, **params).sharing


def assert_pass_is(sharing, expected, x, penalty=None):
    """Compare units and all gradients of a pass with those of a formula of (K, B, d).

    `expected` gives units of x, from the parameters of `sharing`, by plain torch;
    `penalty` what is added to the loss.
    """
    x = x.clone().requires_grad_()
    units = expected(x)
    upstream = features(*units.shape, seed=3)
    wanted = [x, *sharing.parameters()]
    loss = (units * upstream).sum()
    if penalty is not None:
        loss = loss + penalty(x)
    gradients = torch.autograd.grad(loss, wanted)
    bound = sharing.bind(Binding(trains=True))

    found = bound.forward(x.detach())
    below = bound.backward(upstream.clone())

    exact = {"rtol": 0, "atol": 1e-6}
    assert_close(found, units.detach(), **exact)
    assert_close(below, gradients[0], **exact)
    for parameter, gradient in zip(sharing.parameters(), gradients[1:], strict=True):
        assert_close(parameter.grad, gradient, **exact)
    assert_close(sharing(x).detach(), units.detach(), **exact)
