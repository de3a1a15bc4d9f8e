"""What every kind keeps, and kinds of the user's own."""

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import gammaln
from sklearn.metrics import accuracy_score, r2_score
from torch.testing import assert_close

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.tasks import (
    KINDS,
    Binary,
    OutputLayout,
    Regression,
    Task,
    resolve_tasks,
)
from tests.tasks.helpers import (
    LOG_LINK,
    column_of,
    fitted,
    grid,
    labels_for,
    losses,
    normal,
)

# Every kind


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_keeps_the_contract(name):
    rng = np.random.default_rng(0)
    labels = rng.integers(1, 3 if name == "binary" else 6, 40).astype(float)
    labels[::7] = np.nan
    column, weight = column_of(labels), rng.integers(0, 3, 40).astype(float)
    weight[column.missing] = 0
    (task,) = resolve_tasks([column], name)
    task.fit(column, weight)
    codes = task.encode(column)
    counts = weight > 0
    observed = torch.from_numpy(codes[counts])

    assert_array_equal(np.isnan(codes.reshape(40, -1)[:, 0]), np.isnan(labels))
    prior = torch.from_numpy(task.prior_raw_).expand(counts.sum(), -1)
    mean_loss = np.average(task.loss(prior, observed), weights=weight[counts])
    assert task.prior_cost_ == pytest.approx(mean_loss, rel=1e-6)
    assert task.prior_cost_ > 0

    raw = normal(2, 4, task.n_outputs_).requires_grad_()
    assert torch.autograd.gradcheck(lambda raw: task.loss(raw, observed[:4]), raw)
    # A missing label has the code 0, whose loss is then multiplied by 0.
    assert task.loss(raw, torch.zeros_like(observed[:4])).isfinite().all()

    response = task.response(raw.detach().numpy())
    assert response.shape[:2] == (2, 4)
    if task.is_classifier:
        assert_allclose(response.sum(axis=-1), 1, rtol=1e-12)
    predictions = task.predict(response[0])
    assert predictions.shape == (4,)
    assert np.isfinite(predictions.astype(float)).all()
    known = labels[counts]
    assert task.score(known, known, weight[counts]) == 1


# Losses, priors and codes of every kind


@pytest.mark.parametrize("name", KINDS)
def test_gradient_of_the_loss_is_right(name):
    labels = labels_for(name)
    task = fitted(KINDS[name](), labels)
    codes = torch.from_numpy(task.encode(column_of(labels)))[:8]
    generator = torch.Generator().manual_seed(0)
    for scale in (0.1, 4.0):
        raw = scale * torch.randn(
            3, 8, task.n_outputs_, generator=generator, dtype=torch.float64
        )

        assert torch.autograd.gradcheck(
            lambda raw: task.loss(raw, codes), raw.requires_grad_()
        )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", KINDS)
def test_nothing_is_infinite_far_out(name, dtype):
    labels = labels_for(name)
    task = fitted(KINDS[name](), labels)
    raw = torch.tensor(grid(*[(-1e3, -100.0, 0.0, 100.0, 1e3)] * task.n_outputs_))
    codes = task.encode(column_of(labels))[:3]
    # A missing label has the code 0, and its loss is multiplied by 0.
    codes = torch.tensor(np.array([0.0 * codes[0], *codes]), dtype=dtype)
    leaf = raw.to(dtype)[:, None].repeat(1, len(codes), 1).requires_grad_()

    loss = task.loss(leaf, codes)
    loss.sum().backward()

    assert loss.isfinite().all()
    assert leaf.grad.isfinite().all()
    response = task.response(raw.numpy())
    assert np.isfinite(response).all()
    if name in LOG_LINK:
        assert (response[:, 0] > 0).all()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", KINDS)
def test_prior_costs_the_mean_loss_of_its_raw_outputs(name, weighted):
    labels = labels_for(name)
    weight = np.random.default_rng(1).integers(1, 4, 60) if weighted else np.ones(60)
    labels[::9] = np.nan
    task = fitted(KINDS[name](), labels, weight.astype(float))
    known = ~np.isnan(labels)

    loss = losses(task, task.prior_raw_[None], labels[known])[0]

    expected = np.average(loss, weights=weight[known])
    assert_allclose(task.prior_cost_, expected, rtol=1e-6)
    repeated = fitted(KINDS[name](), np.repeat(labels, weight.astype(int)))
    # Quantiles are interpolated between labels, so that copies move them a little.
    loose = name in ("laplace", "huber", "quantile")
    assert_allclose(
        task.prior_cost_, repeated.prior_cost_, rtol=0.03 if loose else 1e-9
    )


@pytest.mark.parametrize("labels", [[2.0, 2.0], [np.nan, np.nan], [2.0]])
@pytest.mark.parametrize("name", KINDS)
def test_column_with_nothing_to_learn_costs_nothing(name, labels):
    task = fitted(KINDS[name](), np.array(labels))
    raw = np.random.default_rng(0).normal(size=(2, 3, task.n_outputs_))

    assert task.prior_cost_ == 0
    assert (1.0 / OutputLayout([task]).prior_cost == 0).all()
    assert np.isfinite(task.prior_raw_).all()
    predicted = task.predict(task.response(raw)[0])
    assert_array_equal(predicted, np.full(3, labels[0]))


@pytest.mark.parametrize("name", [name for name in KINDS if name != "survival"])
def test_response_to_the_codes_is_the_labels(name):
    labels = 1 + labels_for(name)
    labels[::5] = np.nan
    task = fitted(KINDS[name](), labels)

    codes = task.encode(column_of(labels))

    codes = codes.reshape(len(labels), -1)[:, -1]  # both bounds are the number
    known = ~np.isnan(labels)
    assert_array_equal(np.isnan(codes), ~known)
    if task.is_classifier:
        assert_array_equal(task.classes_[codes[known].astype(int)], labels[known])
        return
    raw = np.zeros((known.sum(), task.n_outputs_))
    raw[:, 0] = np.log(codes[known]) if name in LOG_LINK else codes[known]
    if name == "quantile":
        task.quantiles = (0.5, 0.8, 0.9)  # so that the lowest is predicted
    assert_allclose(task.predict(task.response(raw)), labels[known], rtol=1e-9)


# Formulas of gradients


class Cubic(Regression):
    """Changes the loss, but not the formula of its gradient."""

    kind = "cubic"

    @staticmethod
    def loss(raw, codes):
        return (raw.squeeze(-1) - codes).abs() ** 3


class CubicByHand(Cubic):
    kind = "cubic by hand"

    @staticmethod
    def loss_and_gradient(raw, codes):
        error = raw.squeeze(-1) - codes
        gradient = 3 * error * error.abs()
        return error.abs() ** 3, gradient.unsqueeze(-1)


@pytest.mark.parametrize("kind", [Cubic, CubicByHand])
def test_formula_is_not_inherited_where_the_loss_is_another(kind):
    task = fitted(kind(), np.arange(9.0))
    raw, codes = normal(2, 5, 1), normal(5, 1, seed=1)
    error = raw - codes

    for found in (
        OutputLayout([task]).losses_and_gradient(raw, codes),
        task.loss_and_gradient(raw.unsqueeze(-1), codes),
    ):
        loss, gradient = found
        assert_close(loss, error.abs() ** 3)
        assert_close(gradient.view_as(error), 3 * error * error.abs())


# A kind of the user's own


class Laplace(Task):
    """Numbers under a Laplace likelihood: learns the median, robust to outliers."""

    kind = "my_laplace"

    def fit(self, column, weight):
        self.name_, self.n_outputs_ = column.name, 1
        labels = column.values[weight > 0].astype(float)
        self.median_ = float(np.median(labels))
        self.scale_ = float(np.abs(labels - self.median_).mean())
        self.prior_raw_, self.prior_cost_ = np.zeros(1), 1.0
        return self

    def encode(self, column):
        return (column.values.astype(float) - self.median_) / self.scale_

    @staticmethod
    def loss(raw, codes):
        return (raw.squeeze(-1) - codes).abs()

    def response(self, raw):
        return raw * self.scale_ + self.median_

    def predict(self, response):
        return response[:, 0]


class Poisson(Laplace):
    """Counts; the raw output is the logarithm of the rate."""

    kind = "my_poisson"

    def fit(self, column, weight):
        self.name_, self.n_outputs_ = column.name, 1
        labels = column.values[weight > 0].astype(float)
        self.prior_raw_ = np.log([np.average(labels, weights=weight[weight > 0])])
        self.prior_cost_ = float(
            self.loss(
                torch.from_numpy(self.prior_raw_), torch.from_numpy(labels)
            ).mean()
        )
        return self

    def encode(self, column):
        return column.values.astype(float)

    @staticmethod
    def loss(raw, codes):
        rate = raw.squeeze(-1)
        return rate.exp() - codes * rate + torch.lgamma(codes + 1)

    def response(self, raw):
        return np.exp(raw)


class Pinball(Laplace):
    """A kind whose loss has a parameter, which therefore is part of its key."""

    kind = "pinball"

    def __init__(self, level=0.5):
        self.level = level

    def loss(self, raw, codes):
        error = codes - raw.squeeze(-1)
        return torch.maximum(self.level * error, (self.level - 1) * error)

    def block_key(self):
        return type(self), self.level


@pytest.fixture(scope="module")
def mixed_table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    price = 100 + 30 * X[:, 0] + rng.laplace(size=300)
    price[:3] += 1e4  # outliers that squared error would chase
    y = pd.DataFrame(
        {
            "price": price,
            "visits": rng.poisson(np.exp(1 + 0.7 * X[:, 1])).astype(float),
            "town": np.where(X[:, 2] > 0, "Ulm", "Bonn"),
            "area": X[:, 0] + X[:, 1],
        }
    )
    y.iloc[::4, 0] = np.nan
    y.iloc[1::4, 1] = np.nan
    return X, y


def quick_net(**params):
    defaults = {
        "hidden_layer_sizes": (16,),
        "n_members": 2,
        "max_iter": 40,
        "batch_size": 100,
        "learning_rate_init": 0.03,
        "random_state": 0,
    }
    return MultiTaskNetEstimator(**(defaults | params))


def test_kinds_of_the_users_own_work_among_others(mixed_table):
    X, y = pd.DataFrame(mixed_table[0]), mixed_table[1]
    kinds = {"price": Laplace(), "visits": Poisson()}

    net = quick_net(task_types=kinds).fit(X, y)
    predicted = net.predict(X)

    assert [type(t) for t in net.tasks_] == [Laplace, Poisson, Binary, Regression]
    assert (predicted["visits"] > 0).all()
    price = y["price"].to_numpy()
    usual = (price < 1000) & ~np.isnan(price)
    assert r2_score(price[usual], predicted["price"][usual]) > 0.9
    visits = y["visits"].notna()
    counts = y["visits"][visits]
    better = deviance(counts, predicted["visits"][visits])
    assert better < deviance(counts, counts.mean()) - 0.5
    assert net.score(X, y) == pytest.approx(
        np.mean(
            [
                r2_score(price[~np.isnan(price)], predicted["price"][~np.isnan(price)]),
                r2_score(y["visits"][visits], predicted["visits"][visits]),
                accuracy_score(y["town"], predicted["town"]),
                r2_score(y["area"], predicted["area"]),
            ]
        )
    )


def deviance(counts, rate):
    return float((rate - counts * np.log(rate) + gammaln(counts + 1)).mean())


def test_losses_of_kinds_of_the_users_own_are_in_units_of_the_prior(mixed_table):
    X, y = mixed_table
    kinds = {"price": Laplace(), "visits": Poisson()}
    net = quick_net(task_types=kinds, learning_rate_init=1e-9, max_iter=1).fit(X, y)

    for name in y.columns:
        assert net.history_[0][f"train_loss/{name}"] == pytest.approx(1, abs=0.3)


def test_kinds_of_one_class_with_other_parameters_keep_them():
    rng = np.random.default_rng(0)
    X, noise = rng.normal(size=(400, 1)), rng.normal(size=400)
    y = np.column_stack([noise, noise])
    kinds = [Pinball(level=0.1), Pinball(level=0.9)]

    low, high = quick_net(task_types=kinds).fit(X, y).predict(X).T

    assert 0.03 < (noise < low).mean() < 0.2
    assert 0.03 < (noise > high).mean() < 0.2


def test_kind_of_the_users_own_is_shown_by_repr_and_message():
    task = fitted(Pinball(level=0.9), pd.DataFrame({"price": [1.0, 2.0]}))

    assert repr(Pinball(level=0.9)) == "Pinball(level=0.9)"
    assert repr(task) == "Pinball(level=0.9) of column 'price'"
    assert task.describe() == "column 'price' (pinball)"


@pytest.mark.parametrize("name", KINDS)
def test_no_loss_looks_at_a_number(name):
    # A tensor without numbers fails where an accelerator would be waited for.
    labels = labels_for(name)
    task = fitted(KINDS[name](), labels)
    codes = torch.from_numpy(task.encode(column_of(labels))).to("meta")
    shape = 2, len(labels)
    raw = torch.zeros(*shape, task.n_outputs_, dtype=torch.float64, device="meta")
    assert task.loss(raw, codes).shape == shape
    if task.loss_and_gradient is not None:
        loss, gradient = task.loss_and_gradient(raw, codes)
        assert (loss.shape, gradient.shape) == (shape, raw.shape)
