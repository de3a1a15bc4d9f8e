"""Members taken out of a stack, and put back."""

import importlib
import pkgutil

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close

import sklearn_mtl
from sklearn_mtl.balancing import BALANCING
from sklearn_mtl.nn import (
    Binding,
    Sharing,
    can_select_members,
    put_members_back,
    select_members,
)
from tests.nn.helpers import features, network
from tests.nn.test_seeds import MADE

STACKS = {name: p for name, p in MADE.items() if name != "own sharing"} | {
    "unlike": {
        "hidden_layer_sizes": (7, 5, 5),
        "depth": (3, 2, 2),
        "dropout": (0.5, 0.2, 0.0),
        "head_hidden_layer_sizes": (4, 3),
        "input_dropout": 0.1,
    }
}
stacks = pytest.mark.parametrize("params", STACKS.values(), ids=STACKS)
INDICES = [[0, 2], [1], [1, 2], [0, 0, 1, 1]]
indices = pytest.mark.parametrize("index", INDICES, ids=str)


def trained(net, x, upstream):
    """Raw outputs; the gradients are set, those of a decoder too."""
    if net.reconstruction is not None:
        if net.latent is not None:
            net.latent.noise.draw = torch.zeros_like
        joint = net.predict_and_decode(x, len(x))
        ((joint.raw * upstream).sum() + joint.cost.sum()).backward()
        return joint.raw.detach()
    bound = net.bind(Binding(trains=True))
    raw = bound.forward(x)
    bound.backward(upstream.clone())
    return raw


def held(index, values):
    return [k for k in index if k < len(values)]


@stacks
@indices
def test_members_compute_what_they_did(params, index):
    stack, x = network(3, **params).eval(), features(6, 4)
    upstream = features(3, 6, 6)

    some = select_members(stack, np.array(index))
    raw = trained(some, x, upstream[index])

    assert some.n_members == len(index)
    assert_close(raw, trained(stack, x, upstream)[index])
    assert_close(some(x), stack(x)[index])
    for found, whole in zip(some.parameters(), stack.parameters(), strict=True):
        assert_close(found.detach(), whole.detach()[held(index, whole)])
        if whole.grad is not None and len(found):
            assert_close(found.grad, whole.grad[held(index, whole)])


@stacks
def test_copies_share_no_memory_with_the_parameters(params):
    stack = network(3, **params)
    stack.heads.requires_grad_(False)
    trained(stack, features(6, 4), features(3, 6, 6))

    some = select_members(stack, [0, 1, 2])

    for found, whole in zip(some.parameters(), stack.parameters(), strict=True):
        assert isinstance(found, nn.Parameter)
        assert found.data_ptr() != whole.data_ptr() or not whole.numel()
        assert found.is_contiguous()
        assert found.requires_grad == whole.requires_grad
        assert found.grad is None
    assert some.training == stack.training


def test_what_has_no_axis_of_members_is_shared():
    stack = network(3, **STACKS["mixed"])

    some = select_members(stack, [1])

    assert some.heads.order is stack.heads.order


@pytest.mark.parametrize("index", [[0], [0, 2], [2]], ids=str)
def test_dropped_units_are_those_of_the_members(index):
    """The stream goes on, and each member keeps its own share."""
    stack = network(3, **STACKS["unlike"])
    x = torch.ones(3, 100, 50)
    drops = stack.sharing.layers[0].dropout
    drops.mask(x)

    own = select_members(stack, index).sharing.layers[0].dropout

    assert own.generator_on(x.device) is drops.generator_on(x.device)
    shares = (own.mask(x[: len(index)]) == 0).float().mean(dim=(1, 2))
    expected = torch.tensor((0.5, 0.2, 0.0))[index]
    assert_close(shares, expected, atol=0.05, rtol=0)
    assert own.p == tuple(drops.p[k] for k in index)
    dropouts = {
        id(layer.dropout) for layer in select_members(stack, index).sharing.layers
    }
    assert len(dropouts) == 1


def test_members_are_selected_again():
    stack, x = network(4, **STACKS["shared"]), features(6, 4)

    twice = select_members(select_members(stack, [0, 1, 3]), [1, 2])

    assert_close(twice(x), stack(x)[[1, 3]])


@pytest.mark.parametrize("balancing", [kind() for kind in BALANCING.values()], ids=str)
def test_balancing_of_some_members(balancing):
    task_weight = torch.tensor([[0.5, 0.5], [0.2, 0.8], [1.0, 0.0]])
    balancing.setup(task_weight, torch.Generator())
    loss = features(3, 2).float().abs()

    some = select_members(balancing, [1, 2])

    assert_close(some.task_weight, task_weight[1:])
    assert_close(some.combine(loss[1:]), balancing.combine(loss)[1:])
    assert balancing.task_weight is task_weight


@stacks
def test_members_are_put_back(params):
    stack, x = network(3, **params).eval(), features(6, 4)
    before = stack(x).detach()
    some = select_members(stack, [0, 2])
    for parameter in some.parameters():
        parameter.data.mul_(1.5)
    changed = some(x).detach()

    put_members_back(stack, some, np.array([0, 2]))

    assert_close(stack(x).detach()[[0, 2]], changed)
    assert_close(stack(x).detach()[1], before[1])
    assert not torch.allclose(before[0], changed[0])


def test_a_stream_that_began_in_the_copy_goes_on_in_the_stack():
    stack = network(3, dropout=0.5)
    some = select_members(stack, [0, 2])
    some(features(6, 4))

    put_members_back(stack, some, [0, 2])

    dropout, cpu = stack.sharing.layers[0].dropout, torch.device("cpu")
    own = some.sharing.layers[0].dropout
    assert dropout.generator_on(cpu) is own.generator_on(cpu)


class Doubled(Sharing):
    """Keeps the number of members where nobody sees it, and says nothing of it."""

    def setup(self, *, n_members, n_tasks, n_features, sizes, hidden):
        self.layers = hidden.layers((n_members,), [n_features, *sizes])
        self.n_units = sizes[-1]
        self.double = lambda x: x * torch.full((n_members, 1, 1), 2.0).to(x)

    def forward(self, features):
        return self.double(self.layers[0](features))


class Told(Sharing):
    """Says that a tensor and a tuple have an entry a member."""

    of_members = ("scale", "name")

    def setup(self, *, n_members, n_tasks, n_features, sizes, hidden):
        self.layers = hidden.layers((n_members,), [n_features, *sizes])
        self.n_units, self.name = sizes[-1], tuple("abc")[:n_members]
        self.scale = torch.arange(1.0, 1 + n_members).view(-1, 1, 1).double()
        self.activation = nn.Sequential(nn.ReLU(), nn.Tanh())

    def forward(self, features):
        return self.activation(self.layers[0](features) * self.scale)


class Inherits(Told):
    """Declares nothing itself."""


@pytest.mark.parametrize("sharing", [Doubled(), Inherits()], ids=str)
def test_a_part_that_does_not_tell_is_refused(sharing):
    stack = network(3, sharing=sharing)

    assert not can_select_members(stack)
    with pytest.raises(TypeError, match=f"{type(sharing).__name__}.*of_members"):
        select_members(stack, [0])


def test_a_part_that_tells_is_selected_from():
    stack, x = network(3, sharing=Told()), features(6, 4)

    assert can_select_members(stack)
    some = select_members(stack, [0, 2])

    assert some.sharing.name == ("a", "c")
    assert_close(some(x), stack(x)[[0, 2]])


@pytest.mark.parametrize("foreign", [nn.Linear(2, 2), nn.Bilinear(1, 1, 1)], ids=str)
def test_a_foreign_module_with_parameters_is_refused(foreign):
    assert not can_select_members(nn.Sequential(foreign))
    assert can_select_members(nn.Sequential(nn.ReLU()))


class Listed(Told):
    of_members = ("sizes",)

    def setup(self, *, sizes, **params):
        super().setup(sizes=sizes, **params)
        self.sizes = list(sizes)


def test_lists_of_members_are_refused():
    with pytest.raises(TypeError, match=r"of_members names \[7\].*tuple"):
        select_members(network(3, sharing=Listed()), [0])


@pytest.mark.parametrize(
    ("error", "index"),
    [
        (ValueError, [1, 0]),
        (ValueError, []),
        (ValueError, [0.5]),
        (ValueError, [[0]]),
        (ValueError, [True, False, True]),
        (IndexError, [0, 3]),
        (IndexError, [-1, 0]),
    ],
)
def test_members_that_there_are_not(error, index):
    with pytest.raises(error, match="index="):
        select_members(network(3), index)


def test_members_that_are_repeated_cannot_be_put_back():
    stack = network(3)

    with pytest.raises(ValueError, match=r"index=\[0, 0\] repeats"):
        put_members_back(stack, select_members(stack, [0, 0]), [0, 0])


def modules_of_the_package():
    for found in pkgutil.walk_packages(sklearn_mtl.__path__, "sklearn_mtl."):
        for kind in vars(importlib.import_module(found.name)).values():
            if isinstance(kind, type) and issubclass(kind, nn.Module):
                yield kind


def test_each_part_of_the_package_tells():
    kinds = {k for k in modules_of_the_package() if k.__module__.startswith("sklearn")}

    assert len(kinds) > 20
    assert [kind for kind in kinds if "of_members" not in vars(kind)] == []
