"""What kinds of numbers share: priors, units, spread, range."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from sklearn_mtl.tasks import (
    KINDS,
    LaplaceRegression,
    Ordinal,
    Quantile,
)
from tests.tasks.helpers import LOG_LINK, column_of, fitted, labels_for, small_net

NUMERIC = [name for name, kind in KINDS.items() if not kind.is_classifier]


# Priors


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


# Labels to codes and back


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


# Spread


@pytest.mark.parametrize("name", ["regression", "laplace", "huber", "quantile"])
def test_spread_is_that_of_members_and_residuals(name):
    task = fitted(KINDS[name](), labels_for(name))
    response = task.response(np.random.default_rng(0).normal(size=(5, task.n_outputs_)))
    between = np.arange(5.0)

    assert_allclose(task.spread(response, between, 3.0), np.sqrt(between + 9))
    residual = task.residual(np.ones(5), response)
    assert_allclose(residual, 1 - response[:, 0])


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


@pytest.mark.parametrize("name", sorted({*NUMERIC} - {"censored", "survival"}))
def test_words_are_refused_by_numeric_kinds(name):
    y = pd.DataFrame({"n": ["u", "v"]})

    with pytest.raises(ValueError, match=f"'n' of y holds 'u', .* read as {name}"):
        fitted(KINDS[name](), y)
