"""Each kind against closed forms, other libraries and plain regression."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from scipy.special import expit
from sklearn.base import clone
from sklearn.linear_model import PoissonRegressor
from sklearn.metrics import (
    log_loss,
    mean_absolute_error,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
    recall_score,
)
from sklearn.model_selection import GridSearchCV
from sklearn.utils.class_weight import compute_class_weight

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.tables import TargetTable
from sklearn_mtl.tasks import (
    KINDS,
    Count,
    GammaRegression,
    HeteroscedasticRegression,
    HuberRegression,
    LaplaceRegression,
    Multiclass,
    NegativeBinomial,
    Ordinal,
    OutputLayout,
    Quantile,
    Regression,
    resolve_tasks,
    weigh_classes,
)

NUMERIC = [name for name, kind in KINDS.items() if not kind.is_classifier]
LOG_LINK = ["gamma", "count", "negative_binomial"]
EXTREME = np.array([-25.0, -12.0, -1.0, 0.0, 0.7, 12.0, 25.0])
"""Raw outputs as far out as closed forms can be computed."""


def column_of(y):
    return TargetTable(y).columns[0]


def fitted(task, y, weight=None):
    column = column_of(y)
    weight = np.ones(len(column)) if weight is None else weight
    return task.fit(column, np.where(column.missing, 0.0, weight))


def labels_for(name, n_rows=60, seed=0):
    rng = np.random.default_rng(seed)
    if name == "binary":
        return rng.integers(0, 2, n_rows).astype(float)
    if name in ("multiclass", "ordinal", "count", "negative_binomial"):
        return rng.integers(0, 6, n_rows).astype(float)
    return rng.gamma(1.5, 20.0, n_rows)


def losses(task, raw, labels):
    """Losses of every row of raw outputs for every label."""
    codes = torch.from_numpy(task.encode(column_of(np.asarray(labels))))
    raw = torch.from_numpy(np.asarray(raw, dtype=float))
    return task.loss(raw[:, None].expand(-1, len(codes), -1), codes).numpy()


def grid(*axes):
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))


def small_net(**params):
    defaults = {
        "hidden_layer_sizes": (16,),
        "n_members": 2,
        "max_iter": 60,
        "batch_size": 64,
        "learning_rate_init": 0.02,
        "random_state": 0,
    }
    return MultiTaskNetEstimator(**(defaults | params))


# Losses against closed forms


def test_laplace_loss_is_the_absolute_error_in_units_of_the_priors():
    labels = labels_for("laplace")
    task = fitted(LaplaceRegression(), labels)
    raw = grid(10 * EXTREME)

    loss = losses(task, raw, labels).mean(axis=1)

    predicted = task.response(raw)[:, 0]
    prior = mean_absolute_error(labels, np.full(60, np.median(labels)))
    expected = [mean_absolute_error(labels, np.full(60, p)) / prior for p in predicted]
    assert_allclose(loss, expected, rtol=1e-6)
    assert task.prior_cost_ == pytest.approx(1)


def test_laplace_loss_is_the_likelihood_of_laplace():
    raw, codes = torch.tensor(grid(EXTREME)), torch.tensor(0.3, dtype=torch.float64)

    loss = LaplaceRegression.loss(raw, codes)

    expected = -stats.laplace.logpdf(0.3, raw[:, 0]) - np.log(2)
    assert_allclose(loss, expected, rtol=1e-6)


def test_huber_loss_is_that_of_huber_regressor():
    labels = labels_for("huber")
    task = fitted(HuberRegression(), labels)
    raw, delta = grid(10 * EXTREME), HuberRegression.DELTA

    loss = losses(task, raw, labels)

    error = np.abs(task.response(raw) - labels) / task.scale_
    # HuberRegressor minimises twice this, in units of its own scale.
    near, far = error**2 / 2, delta * error - delta**2 / 2
    assert_allclose(loss, np.where(error < delta, near, far), rtol=1e-6)
    mad = stats.median_abs_deviation(labels, scale="normal")
    assert_allclose(task.scale_, mad, rtol=1e-5)
    assert_allclose(task.mean_, np.median(labels))


@pytest.mark.parametrize("log_variance", [-13.5, -2.0, 0.0, 3.0, 25.0])
def test_heteroscedastic_loss_is_the_likelihood_of_the_normal_law(log_variance):
    labels = labels_for("heteroscedastic")
    task = fitted(HeteroscedasticRegression(), labels)
    raw = grid(EXTREME, [log_variance])

    loss = losses(task, raw, labels)

    mean, second = task.response(raw).T
    std = np.exp(log_variance / 2) * task.scale_
    shift = (mean - task.mean_) ** 2
    assert_allclose(second - shift, std**2, rtol=1e-6, atol=1e-8 * shift.max())
    likelihood = stats.norm.logpdf(labels, mean[:, None], std)
    constant = np.log(2 * np.pi) / 2 + np.log(task.scale_)
    assert_allclose(loss, -likelihood - constant, rtol=1e-6)


def test_gamma_loss_is_half_the_gamma_deviance():
    labels = labels_for("gamma")
    task = fitted(GammaRegression(), labels)
    raw = grid(EXTREME)

    loss = losses(task, raw, labels).mean(axis=1)

    means = task.response(raw)[:, 0]
    expected = [mean_gamma_deviance(labels, np.full(60, m)) / 2 for m in means]
    assert_allclose(loss, expected, rtol=1e-6)


def test_gamma_loss_is_the_likelihood_of_gamma_up_to_a_constant():
    raw = torch.tensor(grid(EXTREME))
    code, shape = 1.7, 3.0

    loss = GammaRegression.loss(raw, torch.tensor(code, dtype=torch.float64))

    mean = np.exp(raw[:, 0].numpy())
    likelihood = stats.gamma.logpdf(code, shape, scale=mean / shape)
    best = stats.gamma.logpdf(code, shape, scale=code / shape)
    assert_allclose(loss, (best - likelihood) / shape, rtol=1e-6)


@pytest.mark.parametrize("labels", [np.arange(8.0), np.array([0, 1e6]), [0.0, 0.25, 2]])
def test_count_loss_is_half_the_poisson_deviance(labels):
    task = fitted(Count(), np.asarray(labels))
    raw = grid(EXTREME)

    loss = losses(task, raw, labels).mean(axis=1)

    means = task.response(raw)[:, 0]
    size = len(labels)
    expected = [mean_poisson_deviance(labels, np.full(size, m)) / 2 for m in means]
    assert_allclose(loss, expected, rtol=1e-6)


def test_count_loss_is_the_likelihood_of_poisson_above_the_best():
    counts = np.arange(9.0)
    raw = grid(EXTREME)

    loss = losses(fitted(Count(), counts), raw, counts)

    best = stats.poisson.logpmf(counts, counts)
    expected = best - stats.poisson.logpmf(counts, np.exp(raw))
    assert_allclose(loss, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("dispersion", [1e-3, 0.1, 1.0, 50.0])
def test_negative_binomial_loss_is_the_likelihood_above_the_best_poisson(dispersion):
    counts = np.array([0.0, 1, 2, 5, 40, 900])
    task = fitted(NegativeBinomial(), counts)
    raw = grid([-12.0, -1, 0, 2, 7, 12], [np.log(dispersion)])

    loss = losses(task, raw, counts)

    mean, size = np.exp(raw[:, :1]), 1 / dispersion
    likelihood = stats.nbinom.logpmf(counts, size, size / (size + mean))
    expected = stats.poisson.logpmf(counts, counts) - likelihood
    assert_allclose(loss, expected, rtol=1e-6, atol=1e-8)
    response = task.response(raw)
    variance = stats.nbinom.var(size, size / (size + mean[:, 0]))
    spread = task.spread(response, np.zeros(len(response)), np.nan)
    assert_allclose(spread**2, variance, rtol=1e-6)


def test_negative_binomial_loss_falls_to_that_of_poisson_without_dispersion():
    counts, raw = np.arange(6.0), grid([-1.0, 0.0, 1.0])
    poisson = losses(fitted(Count(), counts), raw, counts)
    least = np.concatenate([raw, np.full_like(raw, -99.0)], axis=1)

    loss = losses(fitted(NegativeBinomial(), counts), least, counts)

    assert_allclose(loss, poisson, atol=0.02)


@pytest.mark.parametrize("shares", [(0.1, 0.5, 0.9), (0.25,), (0.01, 0.02, 0.6, 0.99)])
def test_quantile_loss_is_the_mean_pinball_loss(shares):
    labels = labels_for("quantile")
    task = fitted(Quantile(shares), labels)
    raw = np.stack([EXTREME] * len(shares), axis=-1) * np.linspace(1, -1, len(shares))

    loss = losses(task, raw, labels).mean(axis=1)

    quantiles = task.response(raw)[:, 1:]
    expected = [
        np.mean(
            [
                mean_pinball_loss(labels, np.full(60, value), alpha=share)
                for value, share in zip(row, shares, strict=True)
            ]
        )
        for row in quantiles
    ]
    assert_allclose(loss, np.array(expected) / task.scale_, rtol=1e-6)


@pytest.mark.parametrize("n_classes", [2, 3, 6])
def test_ordinal_loss_is_the_log_loss_of_the_cumulative_model(n_classes):
    labels = np.arange(30) % n_classes
    task = fitted(Ordinal(), labels)
    raw = np.random.default_rng(0).normal(scale=3, size=(50, n_classes - 1))

    loss = losses(task, raw, labels)

    steps = np.log1p(np.exp(raw[:, 1:])).cumsum(axis=1)
    thresholds = np.concatenate([raw[:, :1], raw[:, :1] - steps], axis=1)
    above = np.pad(
        expit(thresholds), ((0, 0), (1, 1)), constant_values=((0, 0), (1, 0))
    )
    probabilities = -np.diff(above, axis=1)
    assert_allclose(task.response(raw), probabilities, rtol=1e-6, atol=1e-12)
    expected = [log_loss(labels, np.tile(p, (30, 1))) for p in task.response(raw)]
    assert_allclose(loss.mean(axis=1), expected, rtol=1e-6)


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
    codes = torch.tensor([0.0, *codes], dtype=dtype)
    leaf = raw.to(dtype)[:, None].repeat(1, len(codes), 1).requires_grad_()

    loss = task.loss(leaf, codes)
    loss.sum().backward()

    assert loss.isfinite().all()
    assert leaf.grad.isfinite().all()
    response = task.response(raw.numpy())
    assert np.isfinite(response).all()
    if name in LOG_LINK:
        assert (response[:, 0] > 0).all()


# Priors


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


@pytest.mark.parametrize("name", ["regression", "heteroscedastic", *LOG_LINK])
def test_response_to_the_prior_is_the_mean(name):
    labels = labels_for(name)
    task = fitted(KINDS[name](), labels)

    response = task.response(task.prior_raw_)

    assert_allclose(response[0], labels.mean())
    spread = task.spread(response[None], np.zeros(1), 0.0)
    if name in ("heteroscedastic", "negative_binomial"):
        assert_allclose(spread**2, labels.var(), rtol=1e-6)
    if name == "count":
        assert_allclose(spread**2, labels.mean())


def test_response_to_the_prior_is_the_median_quantiles_and_shares():
    labels = labels_for("quantile")
    shares = (0.1, 0.4, 0.9)
    quantile = fitted(Quantile(shares), labels)
    ordinal = fitted(Ordinal(), np.array([1, 2, 2, 2, 3, 3]))

    assert_allclose(
        fitted(LaplaceRegression(), labels).response(np.zeros(1)), np.median(labels)
    )
    response = quantile.response(quantile.prior_raw_)
    expected = np.quantile(labels, shares, method="hazen")
    assert_allclose(response, [expected[1], *expected], rtol=1e-9)
    assert_allclose(ordinal.response(ordinal.prior_raw_), [1 / 6, 3 / 6, 2 / 6])


@pytest.mark.parametrize("rare", ["low", "middle", "high"])
def test_prior_of_a_hardly_weighted_ordinal_class_is_finite(rare):
    labels = np.array(["low", "middle", "high"] * 4)
    weight = np.where(labels == rare, 1e-18, 1.0)

    task = fitted(Ordinal(["low", "middle", "high"]), labels, weight)

    assert np.isfinite(task.prior_raw_).all()
    assert_allclose(task.response(task.prior_raw_), task.prior_, atol=1e-9)


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


# Labels to codes and back


@pytest.mark.parametrize("name", KINDS)
def test_response_to_the_codes_is_the_labels(name):
    labels = 1 + labels_for(name)
    labels[::5] = np.nan
    task = fitted(KINDS[name](), labels)

    codes = task.encode(column_of(labels))

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


@pytest.mark.parametrize("name", sorted({*NUMERIC} - {"count", "negative_binomial"}))
def test_unit_of_numeric_labels_does_not_matter(name):
    labels = labels_for(name)

    small = fitted(KINDS[name](), labels * 1e-20)
    large = fitted(KINDS[name](), labels * 1e20)

    assert_allclose(small.prior_cost_, large.prior_cost_, rtol=1e-9)
    codes = [
        t.encode(column_of(labels * s)) for t, s in [(small, 1e-20), (large, 1e20)]
    ]
    assert_allclose(codes[0], codes[1], rtol=1e-9)


# Ordinal


@pytest.fixture(scope="module")
def grades():
    """Six grades whose latent score is linear in X."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 6))
    latent = 2 * X[:, 0] + X[:, 1] + rng.logistic(size=600)
    return X, np.digitize(latent, np.linspace(-4, 4, 7))


@pytest.mark.parametrize("n_classes", [2, 3, 9])
def test_ordinal_probabilities_are_of_an_order(n_classes):
    task = fitted(Ordinal(), np.arange(n_classes))
    raw = 20 * np.random.default_rng(0).normal(size=(3, 200, n_classes - 1))

    response = task.response(raw)

    assert response.shape == (3, 200, n_classes)
    assert (response > 0).all()
    assert_allclose(response.sum(axis=-1), 1, rtol=1e-12)
    # Cumulative probabilities rise with the rank: thresholds never cross.
    assert (np.diff(response.cumsum(axis=-1)[..., :-1], axis=-1) >= 0).all()


SIZES = ["small", "large", "huge"]
CELLS = ["large", "small", None, "huge", "small"]


@pytest.mark.parametrize(
    "y",
    [
        pd.DataFrame({"size": pd.Categorical(CELLS, SIZES, ordered=True)}),
        pl.DataFrame({"size": pl.Series(CELLS, dtype=pl.Enum(SIZES))}),
    ],
    ids=["pandas", "polars"],
)
def test_order_is_that_of_the_ordered_categories(y):
    X = np.arange(5.0)[:, None]

    net = small_net(max_iter=2, early_stopping=False).fit(X, y)

    assert net.tasks_ == [net.tasks_[0]]
    assert type(net.tasks_[0]) is Ordinal
    assert net.classes_[0].tolist() == SIZES
    assert type(net.predict(X)) is type(y)


def test_order_is_the_one_given_or_that_of_sorting():
    cells = np.array(["low", "high", "middle", "low"])

    given = fitted(Ordinal(["low", "middle", "high", "top"]), cells)
    categories = pd.Series(
        pd.Categorical(cells, ["middle", "low", "high"], ordered=True)
    )

    assert given.classes_.tolist() == ["low", "middle", "high", "top"]
    assert given.encode(column_of(cells)).tolist() == [0, 2, 1, 0]
    assert fitted(Ordinal(), cells).classes_.tolist() == ["high", "low", "middle"]
    assert fitted(Ordinal(), np.array([10, 9, 2])).classes_.tolist() == [2, 9, 10]
    turned = fitted(Ordinal(["high", "low", "middle"]), categories)
    assert turned.classes_.tolist() == ["high", "low", "middle"]


def test_declared_category_without_a_label_is_no_ordinal_class():
    y = pd.Series(pd.Categorical(["c", "a", None], ["c", "b", "a"], ordered=True))

    assert fitted(Ordinal(), y).classes_.tolist() == ["c", "a"]


def test_ordinal_label_that_was_not_named_is_refused():
    with pytest.raises(ValueError, match="'z', which is not among the classes given"):
        fitted(Ordinal(["a", "b"]), np.array(["a", "z"]))


def test_predict_rank_is_the_expected_rank(grades):
    X, y = grades
    names = np.array(list("hgfedcba"))[y]  # sorts the other way round
    net = small_net(task_types=Ordinal(list("hgfedcba")), max_iter=20).fit(X, names)
    (view,) = net.estimators_

    rank = view.predict_rank(X)

    assert_allclose(rank, net.predict_proba(X) @ np.arange(8))
    assert ((rank > 0) & (rank < 7)).all()
    assert np.corrcoef(rank, y)[0, 1] > 0.7
    assert not hasattr(
        small_net(max_iter=1).fit(X, names).estimators_[0], "predict_rank"
    )


# Quantiles


@pytest.mark.parametrize("shares", [(0.5,), (0.05, 0.1, 0.2), np.linspace(0.1, 0.9, 9)])
def test_quantiles_never_cross(shares):
    task = fitted(Quantile(shares), labels_for("quantile"))
    raw = 30 * np.random.default_rng(0).normal(size=(3, 100, len(shares)))

    response = task.response(raw)

    assert response.shape == (3, 100, len(shares) + 1)
    assert (np.diff(response[..., 1:], axis=-1) >= 0).all()
    nearest = np.abs(np.asarray(shares) - 0.5).argmin()
    assert_array_equal(task.predict(response[0]), response[0, :, 1 + nearest])


def test_predict_quantiles_cover_their_shares():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1200, 3))
    y = X[:, 0] + np.exp(X[:, 1]) * rng.normal(size=1200)
    y[::7] = np.nan
    shares = (0.1, 0.5, 0.9)
    net = small_net(task_types=Quantile(shares)).fit(X[:800], y[:800])

    quantiles = net.estimators_[0].predict_quantiles(X[800:])

    assert quantiles.shape == (400, 3)
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert_array_equal(net.predict(X[800:]), quantiles[:, 1])
    known = ~np.isnan(y[800:])
    below = (y[800:, None] < quantiles)[known].mean(axis=0)
    assert_allclose(below, shares, atol=0.06)
    plain = small_net(max_iter=1).fit(X, y).estimators_[0]
    assert not hasattr(plain, "predict_quantiles")


def test_columns_with_other_quantiles_keep_them():
    rng = np.random.default_rng(0)
    X, noise = rng.normal(size=(500, 1)), rng.normal(size=500)
    kinds = [Quantile((0.1,)), Quantile((0.9,)), Quantile(np.array([0.1]))]

    net = small_net(task_types=kinds).fit(X, np.column_stack([noise] * 3))

    low, high, _ = net.predict(X).T
    assert 0.04 < (noise < low).mean() < 0.18
    assert 0.04 < (noise > high).mean() < 0.18
    assert len(net.net_.criterion_.layout.blocks) == 2


@pytest.mark.parametrize(
    "quantiles",
    [(), 0.5, (0.5, 0.5), (0.9, 0.1), (0.0, 0.5), (0.5, 1.0), (0.1, np.nan), [[0.5]]],
)
def test_bad_quantiles_are_refused(quantiles):
    y = pd.DataFrame({"load": [1.0, 2.0, 3.0]})

    with pytest.raises(ValueError, match=r"quantiles=.* for column 'load': pass incr"):
        fitted(Quantile(quantiles), y)


# Spread


@pytest.mark.parametrize("name", ["regression", "laplace", "huber", "quantile"])
def test_spread_is_that_of_members_and_residuals(name):
    task = fitted(KINDS[name](), labels_for(name))
    response = task.response(np.random.default_rng(0).normal(size=(5, task.n_outputs_)))
    between = np.arange(5.0)

    assert_allclose(task.spread(response, between, 3.0), np.sqrt(between + 9))
    residual = task.residual(np.ones(5), response)
    assert_allclose(residual, 1 - response[:, 0])


def test_spread_of_gamma_is_in_proportion_to_the_mean():
    task = fitted(GammaRegression(), labels_for("gamma"))
    response = np.array([[1.0], [10.0]])

    assert_allclose(task.spread(response, np.zeros(2), 0.3), [0.3, 3.0])
    assert_allclose(task.spread(response, np.full(2, 4.0), 0.3), [4.09**0.5, 13**0.5])
    assert_allclose(task.residual(np.array([1.5, 5.0]), response), [0.5, -0.5])


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("heteroscedastic", lambda task, raw: np.exp(raw[..., 1]) * task.scale_**2),
        ("count", lambda task, raw: np.exp(raw[..., 0])),
        (
            "negative_binomial",
            lambda task, raw: (
                np.exp(raw[..., 0]) + np.exp(raw[..., 1] + 2 * raw[..., 0])
            ),
        ),
    ],
)
def test_spread_is_that_of_the_mixture_of_members(name, variance):
    task = fitted(KINDS[name](), labels_for(name))
    raw = np.random.default_rng(0).normal(size=(4, 7, task.n_outputs_))
    response = task.response(raw)

    spread = task.spread(response.mean(axis=0), response[..., 0].var(axis=0), 99.0)

    # Variance of a mixture: mean of variances and variance of means.
    expected = variance(task, raw).mean(axis=0) + response[..., 0].var(axis=0)
    assert_allclose(spread, np.sqrt(expected), rtol=1e-9)


def test_standard_deviations_of_all_kinds_are_near_the_truth(all_kinds, fitted_net):
    X, y, noise = all_kinds

    _, std = fitted_net.predict(X, return_std=True)

    assert list(std.columns) == list(y.columns)
    for name in y.columns:
        if name in noise:
            ratio = std[name] / noise[name]
            assert 0.6 < ratio.median() < 1.6, name
        elif name in ("binary", "multiclass", "ordinal"):
            assert std[name].isna().all()
        else:
            assert (std[name] > 0).all()
    assert np.corrcoef(std["heteroscedastic"], noise["heteroscedastic"])[0, 1] > 0.6


# Learning; margins hold for the seeds 0 to 9

TRAIN, TEST = slice(0, 400), slice(400, None)


def draw(seed=0):
    rng = np.random.default_rng(seed)
    return rng, rng.normal(size=(600, 3))


@pytest.mark.parametrize("kind", ["laplace", "huber"])
def test_robust_kinds_beat_regression_where_labels_are_broken(kind):
    rng, X = draw()
    clean = 2 * X[:, 0] + X[:, 1]
    y = clean + 0.1 * rng.normal(size=600)
    broken = rng.random(600) < 0.15
    y[broken] += rng.exponential(60, broken.sum())

    def error(kind):
        net = small_net(task_types=kind).fit(X[TRAIN], y[TRAIN])
        return mean_absolute_error(clean[TEST], net.predict(X[TEST]))

    assert error(kind) < 0.3 * error("regression")


def test_gamma_beats_regression_on_skewed_amounts():
    rng, X = draw()
    mean = np.exp(1.5 * X[:, 0].clip(-2, 2) + X[:, 1].clip(-2, 2))
    y = mean * rng.gamma(3, 1 / 3, 600)

    def deviance(kind):
        net = small_net(task_types=kind).fit(X[TRAIN], y[TRAIN])
        least = 0.05 * y[TRAIN].mean()  # deviance allows no mean below zero
        return mean_gamma_deviance(y[TEST], np.maximum(net.predict(X[TEST]), least))

    assert deviance("gamma") < 0.75 * deviance("regression")


def gaussian_log_loss(X, y):
    """Mean -log P(count) of a plain regression, never below P = 0.001."""
    net = small_net().fit(X[TRAIN], y[TRAIN])
    mean, std = net.predict(X[TEST], return_std=True)
    y = y[TEST]
    above = stats.norm.cdf(y + 0.5, mean, std)
    below = np.where(y == 0, 0.0, stats.norm.cdf(y - 0.5, mean, std))
    return -np.log(np.maximum(above - below, 1e-3)).mean()


def test_count_beats_regression_by_likelihood():
    rng, X = draw()
    y = rng.poisson(np.exp(1 + X[:, 0])).astype(float)
    net = small_net(task_types="count").fit(X[TRAIN], y[TRAIN])

    likelihood = stats.poisson.logpmf(y[TEST], net.predict(X[TEST]))

    assert -likelihood.mean() < gaussian_log_loss(X, y) - 0.08


def test_negative_binomial_beats_poisson_and_regression_by_likelihood():
    rng, X = draw()
    y = rng.poisson(np.exp(1 + X[:, 0]) * rng.gamma(1, 1, 600)).astype(float)
    net = small_net(task_types="negative_binomial").fit(X[TRAIN], y[TRAIN])
    mean, std = net.predict(X[TEST], return_std=True)
    poisson = small_net(task_types="count").fit(X[TRAIN], y[TRAIN]).predict(X[TEST])

    share = mean / std**2
    likelihood = stats.nbinom.logpmf(y[TEST], mean * share / (1 - share), share)

    of_poisson = -stats.poisson.logpmf(y[TEST], poisson).mean()
    assert -likelihood.mean() < of_poisson - 0.7
    assert -likelihood.mean() < gaussian_log_loss(X, y) - 0.06


def test_heteroscedastic_beats_regression_by_likelihood():
    rng, X = draw()
    y = X[:, 0] + np.exp(X[:, 1]) * rng.normal(size=600)

    def log_loss_of(kind):
        net = small_net(task_types=kind).fit(X[TRAIN], y[TRAIN])
        mean, std = net.predict(X[TEST], return_std=True)
        return -stats.norm.logpdf(y[TEST], mean, std).mean()

    assert log_loss_of("heteroscedastic") < log_loss_of("regression") - 0.4


def test_quantiles_beat_those_of_a_normal_law_around_a_regression():
    rng, X = draw()
    y = X[:, 0] + np.exp(X[:, 1]) * rng.normal(size=600)
    shares = (0.1, 0.5, 0.9)
    net = small_net(task_types=Quantile(shares)).fit(X[TRAIN], y[TRAIN])
    mean, std = small_net().fit(X[TRAIN], y[TRAIN]).predict(X[TEST], return_std=True)

    def pinball(quantiles):
        return np.mean(
            [
                mean_pinball_loss(y[TEST], quantile, alpha=share)
                for quantile, share in zip(quantiles.T, shares, strict=True)
            ]
        )

    normal = mean[:, None] + std[:, None] * stats.norm.ppf(shares)
    learned = net.estimators_[0].predict_quantiles(X[TEST])
    assert pinball(learned) < 0.93 * pinball(normal)


def test_ordinal_beats_multiclass_on_few_rows():
    rng, X = draw()
    latent = 2 * X[:, 0] + X[:, 1] + rng.logistic(scale=0.2, size=600)
    y = np.digitize(latent, np.linspace(-4, 4, 11))
    few = slice(0, 150)

    def error(kind):
        net = small_net(task_types=kind(range(12)), n_members=4, batch_size=32)
        probabilities = net.fit(X[few], y[few]).predict_proba(X[TEST])
        return log_loss(y[TEST], probabilities, labels=range(12))

    assert error(Ordinal) < error(Multiclass) - 0.1


# Exposure


@pytest.fixture(scope="module")
def claims():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2))
    exposure = rng.integers(1, 6, 200)
    counts = rng.poisson(exposure * np.exp(0.3 + 0.5 * X[:, 0]))
    return X, counts / exposure, exposure


FULL_BATCH = {
    "task_types": "count",
    "early_stopping": False,
    "dtype": "float64",
    "scale_inputs": False,
    "alpha": 0.0,
    "batch_size": 1000,
    "dropout": 0.0,
    "n_bins": 0,
}


def test_exposure_as_weight_equals_repeated_rows(claims):
    X, rate, exposure = claims
    rows = np.repeat(np.arange(200), exposure)
    net = small_net(max_iter=50, **FULL_BATCH)

    weighted = clone(net).fit(X, rate, sample_weight=exposure)
    repeated = clone(net).fit(X[rows], rate[rows])

    assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-8)
    (task,) = weighted.tasks_
    assert_allclose(task.mean_, (rate * exposure).sum() / exposure.sum())
    assert_allclose(task.prior_cost_, repeated.tasks_[0].prior_cost_)


def test_rates_of_a_linear_net_are_those_of_poisson_regressor(claims):
    X, rate, exposure = claims
    linear = PoissonRegressor(alpha=0, tol=1e-10, max_iter=1000)
    linear.fit(X, rate, sample_weight=exposure)
    net = small_net(
        hidden_layer_sizes=(),
        n_members=1,
        max_iter=300,
        **FULL_BATCH | {"learning_rate_init": 0.05},
    )

    net.fit(X, rate, sample_weight=exposure)

    assert_allclose(net.predict(X), linear.predict(X), rtol=1e-4)


# All kinds side by side


@pytest.fixture(scope="module")
def all_kinds():
    rng = np.random.default_rng(0)
    n_rows = 500
    X = pd.DataFrame(rng.normal(size=(n_rows, 3)), columns=["a", "b", "c"])
    a, b = X["a"].clip(-2, 2), X["b"].clip(-2, 2)
    score = a + b + rng.logistic(scale=0.3, size=n_rows)
    noise = pd.DataFrame(
        {
            "regression": np.full(n_rows, 0.5),
            "heteroscedastic": np.exp(b / 2),
            "gamma": np.exp(a / 2) * 0.3**0.5,
            "count": np.exp((1 + a) / 2),
            "negative_binomial": np.sqrt(np.exp(1 + a) + np.exp(2 + 2 * a)),
        }
    )
    normal = rng.normal(size=(n_rows, 5)).T
    y = pd.DataFrame(
        {
            "regression": a - b + 0.5 * normal[0],
            "laplace": a + 0.1 * normal[1],
            "huber": b + 0.1 * normal[2],
            "heteroscedastic": a + noise["heteroscedastic"] * normal[3],
            "gamma": np.exp(a / 2) * rng.gamma(1 / 0.3, 0.3, n_rows),
            "count": rng.poisson(np.exp(1 + a)).astype(float),
            "negative_binomial": rng.poisson(
                np.exp(1 + a) * rng.exponential(size=n_rows)
            ).astype(float),
            "quantile": b + normal[4],
            "binary": np.where(score > 0, "yes", "no"),
            "multiclass": np.array(["p", "q", "r"])[np.digitize(a - b, [-1, 1])],
            "ordinal": np.digitize(score, [-2, -1, 1, 2]),
        }
    )
    assert list(y.columns) == list(KINDS)
    for place, name in enumerate(y.columns):
        y[name] = y[name].astype(object if y[name].dtype != float else float)
        y.loc[y.index[place::8], name] = None
    return X, y, noise


KIND_OF_EACH = {name: name for name in KINDS}


@pytest.fixture(scope="module")
def fitted_net(all_kinds):
    X, y, _ = all_kinds
    return small_net(
        hidden_layer_sizes=(32,), task_types=KIND_OF_EACH, learning_rate_init=0.01
    ).fit(X, y)


def test_all_kinds_learn_side_by_side(all_kinds, fitted_net):
    X, y, _ = all_kinds

    assert [task.kind for task in fitted_net.tasks_] == list(KINDS)
    for name in KINDS:
        assert fitted_net.history_[-1][f"valid_loss/{name}"] < 0.95, name
    predicted = fitted_net.predict(X)
    assert predicted.columns.tolist() == list(KINDS)
    assert predicted.notna().all(axis=None)
    assert (predicted[LOG_LINK] > 0).all(axis=None)
    for task, view in zip(fitted_net.tasks_, fitted_net.estimators_, strict=True):
        score = view.score(X, y[task.name_])
        assert score > 0.1, task.name_


def test_all_kinds_survive_pickle_and_clone(all_kinds, fitted_net):
    X, y, _ = all_kinds

    revived = pickle.loads(pickle.dumps(fitted_net))

    pd.testing.assert_frame_equal(revived.predict(X), fitted_net.predict(X))
    again = clone(fitted_net).set_params(max_iter=2)
    assert not hasattr(again, "tasks_")
    kinds = {"quantile": Quantile((0.2, 0.8)), "ordinal": Ordinal([0, 1, 2, 3, 4, 5])}
    again.set_params(task_types=KIND_OF_EACH | kinds)
    tasks = clone(again).fit(X, y).tasks_
    assert tasks[7].quantiles == (0.2, 0.8)
    assert tasks[10].classes_.tolist() == [0, 1, 2, 3, 4, 5]


def test_all_kinds_go_on_learning(all_kinds):
    X, y, _ = all_kinds
    net = small_net(task_types=KIND_OF_EACH, max_iter=3, warm_start=True)

    before = net.fit(X, y).history_[-1]["train_loss"]
    net.fit(X, y)
    parts = small_net(task_types=KIND_OF_EACH)
    for _ in range(3):
        for rows in (slice(0, 250), slice(250, 500)):
            parts.partial_fit(X[rows], y[rows])

    assert len(net.history_) == 6
    assert net.history_[-1]["train_loss"] < before
    assert parts.history_[-1]["train_loss"] < parts.history_[0]["train_loss"]
    assert parts.predict(X).notna().all(axis=None)


def test_first_part_may_name_the_classes_of_an_ordinal_column():
    X, y = np.arange(6.0)[:, None], np.array([3, 1, 3, 1, 3, 3])
    net = small_net(task_types="ordinal")

    net.partial_fit(X, y, classes=[1, 2, 3]).partial_fit(X, np.array([2] * 6))

    assert type(net.tasks_[0]) is Ordinal
    assert net.classes_.tolist() == [1, 2, 3]
    assert net.estimators_[0].predict_rank(X).shape == (6,)


def test_grid_search_over_all_kinds(all_kinds):
    X, y, _ = all_kinds
    grid_of_kinds = [KIND_OF_EACH, KIND_OF_EACH | {"quantile": Quantile((0.5,))}]
    search = GridSearchCV(
        small_net(max_iter=2, n_members=1), {"task_types": grid_of_kinds}, cv=2
    )

    search.fit(X, y)

    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert [task.kind for task in search.best_estimator_.tasks_] == list(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_missing_labels_are_dropped_labels(name):
    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(60, 2)), labels_for(name)
    labels[10:30] = np.nan
    known = ~np.isnan(labels)
    net = small_net(task_types=name, max_iter=3)

    masked = clone(net).fit(X, labels)
    dropped = clone(net).fit(X[known], labels[known])

    assert_array_equal(masked.predict(X), dropped.predict(X))


@pytest.mark.parametrize("name", LOG_LINK)
def test_unlabelled_row_far_outside_does_no_harm(name):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 2))
    y = np.column_stack([1 + labels_for(name, 100), X[:, 0]])
    X[0], y[0, 0] = -1e7, np.nan
    net = small_net(
        task_types={0: name}, max_iter=5, scale_inputs=False, early_stopping=False
    )

    net.fit(X, y)

    assert np.isfinite(net.predict(X)).all()
    assert np.isfinite(net.history_[-1][f"train_loss/{0}"])


# Labels outside the range


@pytest.mark.parametrize(
    ("kind", "label", "message"),
    [
        ("count", -1.0, "Column 'n' of y holds -1, but count labels must be non-neg"),
        (
            "negative_binomial",
            -0.5,
            "'n' of y holds -0.5, but negative_binomial labels",
        ),
        ("gamma", 0.0, "'n' of y holds 0, but gamma labels must be positive"),
        ("gamma", -3.5, "'n' of y holds -3.5, but gamma labels must be positive"),
        *((name, np.inf, "infinity: column 'n' holds inf") for name in NUMERIC),
        (
            "ordinal",
            0.5,
            "continuous. Column 'n' of y holds 0.5 but is read as ordinal",
        ),
        ("ordinal", np.inf, "infinity in column 'n', which is read as ordinal"),
    ],
)
def test_labels_outside_the_range_are_refused(kind, label, message):
    X = np.arange(6.0)[:, None]
    y = pd.DataFrame({"m": X[:, 0], "n": [1.0, 2.0, np.nan, 4.0, label, 6.0]})
    net = small_net(task_types={"n": kind}, max_iter=1)

    with pytest.raises(ValueError, match=message):
        net.fit(X, y)

    y.loc[4, "n"] = np.nan
    net.fit(X, y)
    with pytest.raises(ValueError, match=r"'n'.*(holds|continuous)"):
        net.partial_fit(X, y.fillna({"n": label}))


@pytest.mark.parametrize("name", NUMERIC)
def test_words_are_refused_by_numeric_kinds(name):
    y = pd.DataFrame({"n": ["u", "v"]})

    with pytest.raises(ValueError, match=f"'n' of y holds 'u', .* read as {name}"):
        fitted(KINDS[name](), y)


# Weights of classes


@pytest.fixture(scope="module")
def rare():
    """Two columns of classes, one with a rare class, and one of numbers."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(800, 3))
    hit = X[:, 0] + rng.normal(size=800) > 2.0
    y = pd.DataFrame(
        {
            "hit": np.where(hit, "yes", "no"),
            "kind": np.array(["p", "q", "r"])[np.digitize(X[:, 1], [0.0, 1.5])],
            "size": X[:, 2],
        }
    )
    y.loc[::10, "hit"] = None
    y.loc[1::10, "kind"] = None
    return X, y


def by_hand(y, weights):
    """One weight a label, from classes to weights by column."""
    return np.column_stack(
        [
            y[name].map(weights.get(name, {})).astype(float).fillna(1.0)
            for name in y.columns
        ]
    )


def balanced(y, name):
    known = y[name].dropna().to_numpy()
    classes = np.unique(known)
    weight = compute_class_weight("balanced", classes=classes, y=known)
    return dict(zip(classes, weight, strict=True))


@pytest.mark.parametrize(
    "case",
    ["balanced", "classes", "dict by column", "list", "balanced column"],
)
def test_class_weight_equals_sample_weight_by_hand(rare, case):
    X, y = rare
    hit, kind = {"yes": 5.0, "no": 0.5}, {"r": 3.0}
    setting, weights = {
        "balanced": ("balanced", {n: balanced(y, n) for n in ("hit", "kind")}),
        "classes": (hit | kind, {"hit": hit, "kind": kind}),
        "dict by column": ({"hit": hit}, {"hit": hit}),
        "list": ([None, kind, None], {"kind": kind}),
        "balanced column": ({"hit": "balanced"}, {"hit": balanced(y, "hit")}),
    }[case]
    # Weights of rows would count in the scales and bins of X.
    net = small_net(max_iter=4, dtype="float64", scale_inputs=False, n_bins=0)

    columns = TargetTable(y).columns
    observed = np.column_stack([~column.missing for column in columns]).astype(float)

    weight = weigh_classes(observed, resolve_tasks(columns, None), columns, setting)
    weighed = clone(net).set_params(class_weight=setting).fit(X, y)
    by_sample = clone(net).fit(X, y, sample_weight=by_hand(y, weights))

    assert_allclose(weight, by_hand(y, weights) * observed)
    pd.testing.assert_frame_equal(weighed.predict(X), by_sample.predict(X))
    for t in (0, 1):
        expected = by_sample.predict_proba(X)[t]
        assert_allclose(weighed.predict_proba(X)[t], expected, rtol=1e-9)


def test_balanced_classes_weigh_the_same_in_sum(rare):
    _, y = rare
    columns = TargetTable(y).columns
    sample_weight = np.random.default_rng(0).uniform(size=(800, 3))
    weight = sample_weight * np.column_stack([~column.missing for column in columns])
    tasks = [Multiclass(), Multiclass(), Regression()]

    weighed = weigh_classes(weight, tasks, columns, "balanced")

    for t, name in enumerate(["hit", "kind"]):
        sums = pd.Series(weighed[:, t]).groupby(y[name]).sum()
        assert_allclose(sums, weight[:, t].sum() / len(sums))
    assert_array_equal(weighed[:, 2], weight[:, 2])
    assert_allclose(weight.sum(axis=0), weighed.sum(axis=0))


@pytest.mark.parametrize("setting", ["balanced", {"yes": 10.0}, {"hit": {"yes": 10}}])
def test_class_weight_moves_the_recall_of_a_rare_class(rare, setting):
    X, y = rare
    known = y["hit"].notna()

    def recall(**params):
        net = small_net(max_iter=20, **params).fit(X, y)
        predicted = net.predict(X)["hit"][known]
        return recall_score(y["hit"][known], predicted, pos_label="yes")

    assert recall(class_weight=setting) > recall() + 0.2


def test_class_weight_counts_on_top_of_sample_weight(rare):
    X, y = rare
    row_weight = np.random.default_rng(0).integers(1, 4, 800).astype(float)
    net = small_net(max_iter=2, dtype="float64", scale_inputs=False, n_bins=0)

    both = clone(net).set_params(class_weight={"hit": {"yes": 2.0}})
    both.fit(X, y, sample_weight=row_weight)
    product = row_weight[:, None] * by_hand(y, {"hit": {"yes": 2.0}})
    net.fit(X, y, sample_weight=product)

    assert_allclose(both.predict_proba(X)[0], net.predict_proba(X)[0], rtol=1e-9)


def test_class_of_weight_0_is_left_out(rare):
    X, y = rare
    net = small_net(max_iter=3, scale_inputs=False)

    left_out = clone(net).set_params(class_weight={"r": 0.0}).fit(X, y)
    masked = clone(net).fit(X, y.assign(kind=y["kind"].where(y["kind"] != "r")))

    assert left_out.classes_[1].tolist() == ["p", "q"]
    assert_allclose(left_out.tasks_[1].prior_, masked.tasks_[1].prior_)
    assert set(left_out.predict(X)["kind"]) == {"p", "q"}
    left_out.partial_fit(X, y)


def test_row_whose_labels_all_have_class_weight_0_teaches_nothing(rare):
    X, y = rare[0][:200], rare[1][["hit", "kind"]][:200].dropna()
    X = X[y.index]
    net = small_net(
        max_iter=3,
        class_weight={"hit": {"yes": 0.0}, "kind": {"p": 0.0}},
        early_stopping=False,
        scale_inputs=False,
        n_bins=0,
        dropout=0.0,
        dtype="float64",
        batch_size=1000,
    )
    nothing = ((y["hit"] == "yes") & (y["kind"] == "p")).to_numpy()
    assert nothing.any()

    with_them = clone(net).fit(X, y)
    without = clone(net).fit(X[~nothing], y[~nothing])

    assert np.isfinite(with_them.history_[-1]["train_loss"])
    for t in (0, 1):
        expected = without.predict_proba(X)[t]
        assert_allclose(with_them.predict_proba(X)[t], expected, rtol=1e-6)


def test_class_weight_in_grid_search_and_partial_fit(rare):
    X, y = rare
    search = GridSearchCV(
        small_net(max_iter=2, n_members=1),
        {"class_weight": [None, "balanced", {"yes": 3.0}, {"hit": "balanced"}]},
        cv=2,
    )

    search.fit(X, y)
    net = small_net(class_weight="balanced")
    net.partial_fit(X[:400], y[:400]).partial_fit(X[400:], y[400:])

    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert recall_score(
        y["hit"].dropna(), net.predict(X)["hit"][y["hit"].notna()], pos_label="yes"
    )


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ("auto", "class_weight='auto': pass 'balanced', a dict of classes to weights"),
        (2.0, r"class_weight=2.0: pass 'balanced'"),
        (
            {"yes": -1.0},
            "gives class 'yes' of column 'hit' the weight -1.0.*at least 0",
        ),
        ({"yes": np.nan}, "gives class 'yes' of column 'hit' the weight nan"),
        ({"yes": np.inf}, "gives class 'yes' of column 'hit' the weight inf"),
        ({"size": "balanced"}, "names column 'size', which is read as regression"),
        ({"size": {"yes": 1}}, "names column 'size', which is read as regression"),
        (
            {"colour": "balanced"},
            "class_weight names 'colour', which is no column of y",
        ),
        ({"hit": "even"}, "class_weight says 'even' for column 'hit'. Pass 'balanced'"),
        ({"hit": {"yes": "2"}}, "class_weight says .* for column 'hit'"),
        (["balanced"], "class_weight has 1 entries, but y has 3 columns"),
        (["balanced"] * 3, "names column 'size', which is read as regression"),
    ],
)
def test_bad_class_weight_is_refused(rare, class_weight, message):
    X, y = rare

    with pytest.raises(ValueError, match=message):
        small_net(class_weight=class_weight, max_iter=1).fit(X, y)


def test_numbers_beside_weighed_classes_are_learned_as_always(rare):
    X, y = rare

    net = small_net(class_weight="balanced").fit(X, y)

    assert mean_squared_error(y["size"], net.predict(X)["size"]) < 0.1


def test_class_that_is_named_twice_is_refused():
    with pytest.raises(ValueError, match=r"classes of column 0 names 'b' more than on"):
        fitted(Ordinal(["a", "b", "b"]), np.array(["a", "b"]))
