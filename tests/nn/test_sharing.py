"""Ways of sharing of one's own: units for all tasks, or some for each."""

import copy

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.base import clone
from torch import nn
from torch.testing import assert_close

from sklearn_mtl.nn import (
    Autoencoder,
    Binding,
    CrossStitch,
    DSelectK,
    HardSharing,
    LayeredExtraction,
    MixtureOfExperts,
    MultiTaskNetwork,
    NoSharing,
    SharedFactors,
    Sharing,
    SoftSharing,
)
from sklearn_mtl.nn._heads import Heads, HeadsByAutograd

K, B, D, H = 2, 6, 4, 5
# Task 2 stands before task 1, as blocks of kinds make it; task 1 has two outputs.
TASK_OF_OUTPUT = np.array([0, 2, 1, 1])
HEADS = [(), (3,), (3, 2), ((3,), (), (2, 2))]
# Two layers, of which the second member uses one.
DEEP = {"hidden_layer_sizes": (H, H), "depth": (2, 1), "activation": "maxout"}


class Gated(Sharing):
    """Two experts; each task mixes them by weights of its own."""

    def __init__(self, n_experts=2):
        super().__init__()
        self.n_experts = n_experts

    def setup(self, *, n_members, n_tasks, n_features, sizes, hidden):
        self.experts = hidden.drop(
            nn.ModuleList(
                hidden.layer((n_members,), n_features, sizes[-1])
                for _ in range(self.n_experts)
            )
        )
        shape = n_members, n_tasks, self.n_experts, 1, 1
        self.gate = nn.Parameter(torch.randn(shape, generator=hidden.generator))
        self.n_units, self.by_task = sizes[-1], True

    def forward(self, features):
        units = torch.stack([expert(features) for expert in self.experts], dim=1)
        return (units.unsqueeze(1) * self.gate.softmax(dim=2)).sum(dim=2)

    def shared_parameters(self):
        return self.experts.named_parameters(prefix="experts")


class Plain(Sharing):
    """Hard sharing without a formula."""

    def setup(self, *, n_members, n_tasks, n_features, sizes, hidden):
        self.layer = hidden.drop(
            nn.ModuleList([hidden.layer((n_members,), n_features, sizes[-1])])
        )[0]
        self.n_units, self.by_task = sizes[-1], False

    def forward(self, features):
        return self.layer(features)


def network(sharing=None, heads=(), **params):
    settings = {"activation": "tanh", "dropout": 0.0, "hidden_layer_sizes": (H,)}
    return MultiTaskNetwork(
        n_members=K,
        n_features=D,
        task_of_output=TASK_OF_OUTPUT,
        prior_raw=np.zeros(4),
        head_hidden_layer_sizes=heads,
        sharing=sharing,
        dtype=torch.float64,
        generator=torch.Generator().manual_seed(0),
        **settings | params,
    )


def normal(*shape, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def of_tasks(raw, upstream):
    """One loss (K,) a task, in the order of the outputs, whose gradient is given."""
    products = (raw * upstream).sum(dim=1)
    return [products[:, 0], products[:, 1], products[:, 2:].sum(dim=1)]


def gramian_of(of_loss):
    flat = torch.stack(
        [torch.cat([g.flatten(1) for g in found], 1) for found in of_loss], 1
    )
    return flat @ flat.transpose(1, 2)


WAYS = [None, Plain(), Gated(), NoSharing(), CrossStitch(), MixtureOfExperts(3)]
WAYS += [LayeredExtraction(2, 3, n_levels=1), SharedFactors(2)]
WAYS += [SoftSharing(0.5), DSelectK(3), DSelectK(by_row=True)]


@pytest.mark.parametrize("sharing", WAYS, ids=str)
@pytest.mark.parametrize("heads", HEADS, ids=str)
@pytest.mark.parametrize("params", [{}, {"dropout": 0.4}, DEEP], ids=str)
def test_gradients_are_those_of_autograd(sharing, heads, params):
    if params is DEEP and isinstance(sharing, Plain | Gated):
        params = {"activation": "maxout"}  # these have one layer
    net = network(sharing, heads, **params)
    plain = copy.deepcopy(net)
    x, upstream = normal(B, D), normal(K, B, 4, seed=2)

    bound = net.bind(Binding(trains=True))
    raw = bound.forward(x)
    bound.backward(upstream.clone())
    expected = plain(x)
    expected.backward(upstream)

    assert raw.shape == (K, B, 4)
    assert_close(raw, expected.detach())
    for (name, found), parameter in zip(
        net.named_parameters(), plain.parameters(), strict=True
    ):
        assert not len(parameter) or parameter.grad.abs().max() > 0, name
        assert_close(found.grad, parameter.grad)


@pytest.mark.parametrize("sharing", WAYS, ids=str)
@pytest.mark.parametrize("heads", HEADS, ids=str)
@pytest.mark.parametrize("wrt", ["units", "weights"])
@pytest.mark.parametrize("params", [{}, {"activation": "maxout", "dropout": 0.3}])
def test_gramian_is_that_of_each_tasks_own_gradient(sharing, heads, wrt, params):
    net = network(sharing, heads, **params)
    plain = copy.deepcopy(net)
    x, upstream = normal(B, D), normal(K, B, 4, seed=2)

    bound = net.bind(Binding(trains=True))
    bound.forward(x)
    gramian = bound.gramian(upstream.clone(), wrt)

    units = plain.shared(x)
    losses = of_tasks(plain.heads(units), upstream)
    wanted = [units] if wrt == "units" else [p for _, p in plain.shared_parameters()]
    if not wanted:
        assert not gramian.any()
        return
    found = [
        torch.autograd.grad(loss.sum(), wanted, retain_graph=True) for loss in losses
    ]
    if wrt == "units" and plain.sharing.by_task:
        # Each task has units of its own: compared is what it asks of these.
        order = [0, 2, 1]
        found = [(g[0][:, t],) for t, g in zip(order, found, strict=True)]
    assert_close(gramian, gramian_of(found))


@pytest.mark.parametrize("sharing", [HardSharing(), CrossStitch()], ids=str)
@pytest.mark.parametrize("heads", HEADS, ids=str)
def test_gradients_of_units_are_those_of_each_task(sharing, heads):
    net, upstream = network(sharing, heads), normal(K, B, 4, seed=2)
    bound = net.bind(Binding(trains=True))
    bound.forward(normal(B, D))

    by_row = bound.heads.backward_by_task(upstream.clone())
    found = bound.unit_gradients(upstream.clone())

    assert_close(found, by_row.sum(dim=2))


@pytest.mark.parametrize("heads", HEADS, ids=str)
@pytest.mark.parametrize("wrt", ["units", "weights"])
def test_gramian_of_heads_without_a_formula(heads, wrt, monkeypatch):
    net, upstream = network(heads=heads), normal(K, B, 4, seed=2)

    def gramian():
        bound = net.bind(Binding(trains=True))
        bound.forward(normal(B, D))
        return bound.gramian(upstream.clone(), wrt)

    by_formula = gramian()
    monkeypatch.setattr(type(net.heads), "bind", Heads.bind)

    assert type(net.bind(Binding(trains=True)).heads) is HeadsByAutograd
    assert_close(gramian(), by_formula)


def test_nothing_is_compared_where_nothing_is_shared():
    net = network(hidden_layer_sizes=())
    bound = net.bind(Binding(trains=True))
    bound.forward(normal(B, D))

    assert not bound.gramian(normal(K, B, 4), "units").any()
    assert not bound.unit_gradients(normal(K, B, 4)).any()


def test_hard_sharing_is_the_default():
    named, default = network(HardSharing()), network()

    assert_close(dict(named.state_dict()), dict(default.state_dict()))


def test_what_is_passed_is_not_set_up_itself():
    spec = Gated(3)

    net = network(spec)

    assert net.sharing is not spec
    assert not list(spec.parameters())
    assert clone(net.sharing).get_params() == {"n_experts": 3}


def test_norms_of_links_to_units_of_ones_own():
    net = network(Gated())

    norms = net.link_norms()

    assert norms.shape == (K, 3 * H, 3)
    weight = net.heads.weight.detach().numpy()
    assert_allclose(norms[:, :H, 0], np.abs(weight[..., 0]))
    assert_allclose(norms[:, H : 2 * H, 1], np.hypot(weight[..., 2], weight[..., 3]))
    assert_allclose(norms[:, 2 * H :, 2], np.abs(weight[..., 1]))
    assert not norms[:, :H, 1:].any()


def test_a_way_of_sharing_names_what_all_tasks_share():
    net = network(Gated())

    names = [name for name, _ in net.shared_parameters()]

    assert names == [
        f"sharing.experts.{i}.{name}" for i in (0, 1) for name in ("weight", "bias")
    ]
    parameters = dict(net.named_parameters())
    assert all(parameters[name] is p for name, p in net.shared_parameters())


def test_units_of_ones_own_cannot_be_decoded():
    with pytest.raises(ValueError, match=r"sharing=Gated\(\).*reconstruction=None"):
        network(Gated(), reconstruction=Autoencoder(), decoded_columns=decoded())
    with pytest.raises(ValueError, match="gives 2 units, not those of the last"):
        network(
            SharedFactors(2), reconstruction=Autoencoder(), decoded_columns=decoded()
        )


def decoded():
    """Describe D numbers of mean 0 and variance 1."""

    class Columns:
        number = np.arange(D)
        mean, std, known = np.zeros(D), np.ones(D), np.ones(D)
        gap = np.full(D, -1)
        level = category = np.zeros(0, dtype=np.int64)
        share = known_category = np.zeros(0)

    return Columns()
