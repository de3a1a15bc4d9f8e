"""What users write outside of the package: one class for each way of extending it."""

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV
from torch import nn

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from sklearn_mtl.balancing import Balancing
from sklearn_mtl.nn import Layer, Pass, Sharing
from sklearn_mtl.tasks import Regression

NET = {
    "hidden_layer_sizes": (16,),
    "n_members": 3,
    "max_iter": 25,
    "learning_rate_init": 0.01,
    "random_state": 0,
    "device": "cpu",
}


class Cauchy(Regression):
    """A kind of column: numbers under Cauchy noise."""

    kind = "cauchy"

    @staticmethod
    def loss(raw, codes):
        return torch.log1p((raw.squeeze(-1) - codes).square())


class Scaling(Layer):
    """A layer: each feature times a factor of its own, with a gradient by formula."""

    def __init__(self, n_members, n_features):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(n_members, 1, n_features))

    def forward(self, x):
        return x * self.factor

    def bind(self, binding):
        return ScalingPass(self, binding)


class ScalingPass(Pass):
    passes = 0

    def __init__(self, layer, binding):
        self.layer, self.factor = layer, binding.put(layer.factor)

    def forward(self, x):
        self.x = x
        return x * self.factor

    def backward(self, upstream):
        ScalingPass.passes += 1
        self.layer.factor.grad = (upstream * self.x).sum(dim=1, keepdim=True)
        return upstream * self.factor


class Scaled(Sharing):
    """A way of sharing: hidden units of features that are scaled before."""

    def setup(self, *, n_members, n_tasks, n_features, sizes, hidden):
        self.scaling = Scaling(n_members, n_features)
        self.layers = hidden.drop(hidden.layers((n_members,), [n_features, *sizes]))
        self.n_units = sizes[-1]

    def forward(self, features):
        units = self.scaling(features)
        for layer in self.layers:
            units = layer(units)
        return units


class ScaledByFormula(Scaled):
    """The same; its pass chains those of its layers."""

    def bind(self, binding):
        return ScaledPass(self, binding)


class ScaledPass(Pass):
    def __init__(self, sharing, binding):
        self.scaling = sharing.scaling.bind(binding)
        self.layers = [layer.bind(binding.above) for layer in sharing.layers]

    def forward(self, x):
        units = self.scaling(x)
        for layer in self.layers:
            units = layer(units)
        return units

    def backward(self, upstream):
        for layer in reversed(self.layers):
            upstream = layer.backward(upstream)
        return self.scaling.backward(upstream)


class OwnMixture(Sharing):
    """A way of sharing: each task mixes experts by weights of its own."""

    def __init__(self, n_experts=2):
        super().__init__()
        self.n_experts = n_experts

    def setup(self, *, n_members, n_tasks, n_features, sizes, hidden):
        width = self.n_experts * sizes[-1]
        self.experts = hidden.drop(hidden.layers((n_members,), [n_features, width]))
        self.mixture = nn.Parameter(torch.zeros(n_members, n_tasks, self.n_experts))
        self.n_units, self.by_task = sizes[-1], True

    def forward(self, features):
        (layer,) = self.experts
        units = layer(features).unflatten(-1, (self.n_experts, -1))
        return torch.einsum("kbeh,kte->ktbh", units, self.mixture.softmax(dim=-1))


class Worst(Balancing):
    """A way of balancing: the worst column counts most, by a learned sharpness."""

    def __init__(self, sharpness=1.0, lr=None):
        super().__init__()
        self.sharpness = sharpness
        self.lr = lr

    def setup(self, task_weight, generator):
        super().setup(task_weight, generator)
        start = torch.full_like(task_weight[:, :1], self.sharpness)
        self.log_sharpness = nn.Parameter(start.log())

    def combine(self, loss):
        sharpness = self.log_sharpness.exp()
        shares = (self.task_weight.log() + sharpness * loss.detach()).softmax(dim=1)
        return (shares * loss).sum(dim=1) + 0.01 * sharpness.squeeze(1)


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4))
    y = X @ rng.normal(size=(4, 3)) + 0.1 * rng.normal(size=(200, 3))
    y[::7, 1] = np.nan
    return X, y


def assert_works_as_any_other(net, X, y):
    """Fit, predict, copy, store, go on, and learn something."""
    net = clone(net).fit(X, y)
    predicted = net.predict(X)
    for t in range(3):
        known = ~np.isnan(y[:, t])
        assert r2_score(y[known, t], predicted[known, t]) > 0.8
    assert_allclose(pickle.loads(pickle.dumps(net)).predict(X), predicted)
    assert_allclose(clone(net).fit(X, y).predict(X), predicted)
    lower, upper = net.predict_interval(X)
    assert (lower < upper).all()
    net.set_params(warm_start=True, max_iter=2).fit(X, y)
    return net


def test_a_kind(table):
    net = MultiTaskNetEstimator(**NET, task_types={1: Cauchy()})

    fitted = assert_works_as_any_other(net, *table)

    assert [task.kind for task in fitted.tasks_] == [
        "regression",
        "cauchy",
        "regression",
    ]


def test_a_layer_with_a_formula_is_trained_by_it(table):
    ScalingPass.passes = 0
    by_formula = MultiTaskNetRegressor(
        **NET, sharing=ScaledByFormula(), dropout=0.0
    ).fit(*table)
    assert ScalingPass.passes > 0
    by_autograd = MultiTaskNetRegressor(**NET, sharing=Scaled(), dropout=0.0)

    assert_allclose(
        by_formula.predict(table[0]),
        by_autograd.fit(*table).predict(table[0]),
        rtol=1e-2,
        atol=1e-2,
    )
    assert (by_formula.net_.module_.sharing.scaling.factor != 1.0).all()


@pytest.mark.parametrize("sharing", [Scaled(), OwnMixture(), OwnMixture(4)])
@pytest.mark.parametrize("heads", [(), (4,), {1: 4}])
def test_a_way_of_sharing(table, sharing, heads):
    net = MultiTaskNetRegressor(
        **NET, sharing=sharing, head_hidden_layer_sizes=heads, own_nets="never"
    )

    fitted = assert_works_as_any_other(net, *table)

    usage, units = fitted.factor_usage_, fitted.transform(table[0])
    assert usage.shape == (3, units.shape[1])
    assert len(fitted.get_feature_names_out()) == units.shape[1]
    assert_allclose(usage.sum(axis=1), 1.0)


def test_a_task_draws_on_its_own_units_alone(table):
    net = MultiTaskNetRegressor(**NET, sharing=OwnMixture(), own_nets="never")

    usage = net.fit(*table).factor_usage_.reshape(3, 3, 3, 16)  # T, K, T, h

    for t in range(3):
        others = np.delete(usage[t], t, axis=1)
        assert not others.any()


def test_a_way_of_balancing(table):
    net = MultiTaskNetRegressor(**NET, balancing=Worst(2.0))

    fitted = assert_works_as_any_other(net, *table)

    learned = fitted.net_.criterion_.balancing.log_sharpness
    assert (learned.detach().exp() - 2.0).abs().min() > 0.01


def test_parameters_of_ones_own_can_be_searched(table):
    net = MultiTaskNetRegressor(
        **NET | {"max_iter": 3}, sharing=OwnMixture(), balancing=Worst()
    )
    grid = {"sharing__n_experts": [1, 3], "balancing__sharpness": [0.5, 2.0]}
    X, y = table

    search = GridSearchCV(net, grid, cv=2).fit(X, np.nan_to_num(y))

    assert len(search.cv_results_["params"]) == 4
    best = search.best_estimator_
    assert best.sharing.n_experts == search.best_params_["sharing__n_experts"]
    experts = best.net_.module_.sharing.n_experts
    assert experts == search.best_params_["sharing__n_experts"]
    assert not list(best.sharing.parameters())  # what was passed stays a description


class NoUnits(Scaled):
    def setup(self, **shape):
        super().setup(**shape)
        del self.n_units


class NoTorch(Scaled):
    def __init__(self, width=3):
        self.width = width


class OneForAll(Balancing):
    def combine(self, loss):
        return loss.mean()


class Nothing(Balancing):
    pass


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"sharing": NoUnits()}, TypeError, "NoUnits.setup sets no n_units"),
        ({"sharing": NoTorch()}, TypeError, r"NoTorch.__init__ does not call super"),
        ({"balancing": OneForAll()}, ValueError, r"OneForAll.combine made \(\) of"),
        ({"balancing": Nothing()}, NotImplementedError, "Nothing defines no combine"),
        ({"balancing": Worst}, ValueError, "'balancing' parameter of MultiTaskNetReg"),
        ({"sharing": "moe"}, ValueError, "'sharing' parameter of MultiTaskNetReg"),
    ],
)
def test_what_is_left_out_is_named(table, parameters, error, message):
    with pytest.raises(error, match=message):
        MultiTaskNetRegressor(**NET, **parameters).fit(*table)
