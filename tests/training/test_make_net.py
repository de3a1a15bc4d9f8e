"""Nets from plain values."""

import copy
import pickle

import pytest
import torch

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.balancing import UncertaintyWeighting
from sklearn_mtl.nn import MultiTaskNetwork
from sklearn_mtl.training import new_generator
from tests.training.helpers import numbers_table

SMALL = {
    "hidden_layer_sizes": (8,),
    "n_members": 2,
    "max_iter": 3,
    "random_state": 0,
    "device": "cpu",
}


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))]
)
def test_a_copied_generator_goes_on_where_it_was(copied):
    generator = new_generator(3)
    torch.rand(5, generator=generator)

    again = copied(generator)

    assert torch.equal(
        torch.rand(4, generator=again), torch.rand(4, generator=generator)
    )


def test_a_stored_generator_holds_no_tensor():
    assert b"torch._utils" not in pickle.dumps(new_generator(0))


def fitted(**parameters):
    X, y = numbers_table()
    return MultiTaskNetRegressor(**SMALL, **parameters).fit(X, y)


@pytest.mark.parametrize("lr", [None, 0.3])
def test_parameters_of_balancing_have_a_rate_of_their_own_and_no_decay(lr):
    X, y = numbers_table()
    net = fitted(balancing=UncertaintyWeighting(lr=lr), warm_start=True)
    net.set_params(learning_rate_init=0.02).fit(X, y)

    log_variance = net.net_.criterion_.balancing.log_variance
    (group,) = [
        group
        for group in net.net_.optimizer_.param_groups
        if any(p is log_variance for p in group["params"])
    ]
    assert group["lr"] == (0.02 if lr is None else lr)
    assert group["weight_decay"] == 0.0
    assert net.history_[-1]["learning_rate"] == 0.02


class Foreign(torch.nn.Module):
    """A network that knows nothing of layers and passes."""

    def __init__(self, n_members, n_features, task_of_output, **others):
        super().__init__()
        n_outputs = len(task_of_output)
        self.weight = torch.nn.Parameter(torch.zeros(n_members, n_features, n_outputs))
        self.bias = torch.nn.Parameter(torch.zeros(n_members, 1, n_outputs))
        self.to(others["dtype"])

    def forward(self, features):
        return features @ self.weight + self.bias


def test_a_foreign_module_is_trained_as_it_is():
    X, y = numbers_table()
    net = fitted(net_params={"module": Foreign, "max_epochs": 60, "lr": 0.02})

    assert isinstance(net.net_.module_, Foreign)
    assert net.estimators_[0].score(X, y[:, 0]) > 0.95
    with pytest.raises(TypeError, match="Foreign does not tell which units"):
        net.transform(X)
    with pytest.raises(TypeError, match="Foreign does not tell which units"):
        _ = net.factor_usage_


class Doubled(MultiTaskNetwork):
    """Changes what the network says, and no formula with it."""

    def forward(self, features):
        return 2.0 * super().forward(features)


def test_a_network_of_ones_own_loses_no_gradient():
    X, y = numbers_table()
    net = fitted(net_params={"module": Doubled, "max_epochs": 40}, early_stopping=False)

    assert net.estimators_[0].score(X, y[:, 0]) > 0.9


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match=r"balancing=PCGrad\(\).*the module Foreign"):
        fitted(net_params={"module": Foreign}, balancing="pcgrad")


def test_weights_of_columns_are_told_as_a_copy():
    net = fitted().net_

    net.task_weight[:] = 0.0

    assert net.task_weight.min() > 0
