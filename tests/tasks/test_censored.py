"""Labels that are only bounds: likelihood, prior, score, and a net that learns them."""

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from scipy.optimize import minimize
from sklearn.metrics import r2_score

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from sklearn_mtl.tasks import (
    Censored,
    Multiclass,
    Regression,
    Task,
    censored_log_likelihood,
    least_cost_of_a_constant,
    read_bounds,
    resolve_tasks,
)
from tests.tasks.helpers import column_of, columns_of, fitted, small_net

INF = np.inf
KINDS_OF_LABELS = ["number", "left", "right", "narrow", "interval", "wide"]


def labels_and_raw(kind, n_rows=400, seed=0):
    rng = np.random.default_rng(seed)
    lower = 3 * rng.normal(size=n_rows)
    upper = lower.copy()
    if kind == "left":
        lower[:] = -INF
    elif kind == "right":
        upper[:] = INF
    elif kind != "number":
        low, high = {"narrow": (-9, -2), "interval": (-3, 0.3), "wide": (0, 2)}[kind]
        upper += 10 ** rng.uniform(low, high, n_rows)
    raw = rng.normal(size=(n_rows, 2)) * [3.0, 2.0]
    return torch.from_numpy(np.column_stack([lower, upper])), torch.from_numpy(raw)


@pytest.mark.parametrize("kind", KINDS_OF_LABELS)
def test_loss_is_the_likelihood_of_scipy(kind):
    codes, raw = labels_and_raw(kind)
    (lower, upper), (mean, log_variance) = codes.numpy().T, raw.numpy().T
    noise = stats.norm(mean, np.exp(0.5 * log_variance))

    expected = {
        "number": lambda: noise.logpdf(lower) + 0.5 * np.log(2 * np.pi),
        "left": lambda: noise.logcdf(upper),
        "right": lambda: noise.logsf(lower),
    }.get(kind, lambda: interval_log_likelihood(codes.numpy(), mean, log_variance))

    assert_allclose(-Censored.loss(raw, codes).numpy(), expected(), 1e-8, 1e-8)


def interval_log_likelihood(bounds, mean, log_variance):
    """Probability over width, by quadrature where a difference would lose digits."""
    per_scale, half = np.exp(-0.5 * log_variance), 0.5 * (bounds[:, 1] - bounds[:, 0])
    middle = per_scale * (bounds[:, 0] + half - mean)
    nodes, weights = np.polynomial.legendre.leggauss(200)
    exponents = -0.5 * (middle[:, None] + nodes * (per_scale * half)[:, None]) ** 2
    top = exponents.max(axis=1)
    density = 0.5 * (weights * np.exp(exponents - top[:, None])).sum(axis=1)
    by_nodes = np.log(density) + top - 0.5 * log_variance
    high, low = (per_scale * half * side - np.abs(middle) for side in (1, -1))
    log_high = stats.norm.logcdf(high)
    ratio = np.minimum(stats.norm.logcdf(low) - log_high, -1e-9)
    root = np.sqrt(2 * np.pi)
    by_ends = log_high + np.log(-np.expm1(ratio)) + np.log(root / (2 * half))
    wide = np.log(np.maximum(2 * half / root, 1.0))
    return np.where(2 * half * per_scale < 5, by_nodes, by_ends) + wide


@pytest.mark.parametrize("kind", KINDS_OF_LABELS)
def test_gradient_is_that_of_the_loss(kind):
    codes, raw = labels_and_raw(kind)
    loss, gradient = Censored.loss_and_gradient(raw, codes)
    automatic_loss, automatic = Task.loss_and_gradient(Censored(), raw, codes)

    assert_array_equal(loss, automatic_loss)
    assert_allclose(gradient, automatic, 1e-8, 1e-8)


@pytest.mark.parametrize("kind", KINDS_OF_LABELS)
def test_single_precision_is_near_double(kind):
    codes, raw = labels_and_raw(kind)
    single = Censored.loss_and_gradient(raw.float(), codes.float())
    double = Censored.loss_and_gradient(raw.float().double(), codes.float().double())
    for found, expected in zip(single, double, strict=True):
        assert_allclose(found, expected, 2e-2, 1e-3)


def test_narrow_interval_costs_what_its_middle_does():
    raw = torch.tensor([[0.3, -0.5]]).double()
    number = torch.tensor([[1.0, 1.0]]).double()
    narrow = number + torch.tensor([-1e-6, 1e-6])

    for one, other in zip(
        Censored.loss_and_gradient(raw, number),
        Censored.loss_and_gradient(raw, narrow),
        strict=True,
    ):
        assert_allclose(one, other, rtol=1e-9)


# Prior


def censored_sample(seed=0, n_rows=300):
    rng = np.random.default_rng(seed)
    hidden = 20.0 + 5.0 * rng.normal(size=n_rows)
    lower, upper = hidden.copy(), hidden.copy()
    upper[hidden > 22] = INF
    lower[hidden > 22] = 22
    lower[hidden < 15] = -INF
    upper[hidden < 15] = 15
    upper[::7] += 1.0
    return np.column_stack([lower, upper])


def test_prior_is_the_best_normal_distribution():
    bounds, weight = censored_sample(), np.random.default_rng(1).uniform(size=300)
    interval = pd.arrays.IntervalArray.from_arrays(*bounds.T, closed="both")
    task = fitted(Censored(), pd.Series(interval), weight)

    def cost(parameters):
        mean, log_std = parameters
        found = censored_log_likelihood(bounds, mean, np.exp(log_std))
        return -(weight * found).sum()

    best = minimize(cost, [20.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-7})
    assert task.mean_ == pytest.approx(best.x[0], rel=1e-4)
    assert task.scale_ == pytest.approx(np.exp(best.x[1]), rel=1e-4)
    assert abs(task.mean_ - 20) < 1 > abs(task.scale_ - 5)
    for off in ([0.05, 0.0], [0.0, 0.05], [-0.05, 0.0], [0.0, -0.05]):
        raw = np.tile(off, (300, 1))
        loss = task.loss_of_arrays(raw, task.encode(column_of(pd.Series(interval))))
        assert np.average(loss, weights=weight) > task.prior_cost_


@pytest.mark.parametrize(
    ("labels", "predicted"),
    [
        ([">5", ">7", None], 7.0),
        (["<5", "<7"], 5.0),
        ([6.0, ">5", "<7"], 6.0),
        ([6.0, 6.0], 6.0),
        (["[1, 3]", "[2, 4]"], 2.5),
    ],
)
@pytest.mark.filterwarnings("ignore:All labels")
def test_one_number_that_fits_all_labels_is_predicted(labels, predicted):
    task = fitted(Censored(), np.array(labels, dtype=object))

    assert task.prior_cost_ == 0
    assert_array_equal(task.predict(task.response(np.ones((3, 2)))), predicted)


def test_bounds_on_one_side_alone_are_told_of():
    with pytest.warns(UserWarning, match="column 0 of y are lower bounds.* 7, is"):
        fitted(Censored(), np.array([">5", ">7"], dtype=object))
    with pytest.warns(UserWarning, match="column 0 of y are upper bounds.* 5, is"):
        fitted(Censored(), np.array(["<5", "<7"], dtype=object))


# Score


def test_score_of_numbers_is_r2():
    rng = np.random.default_rng(0)
    labels, weight = rng.normal(size=30), rng.uniform(size=30)
    predictions = labels + 0.3 * rng.normal(size=30)

    score = Censored().score(labels, predictions, weight)

    assert score == pytest.approx(r2_score(labels, predictions, sample_weight=weight))


def test_prediction_that_a_bound_allows_is_no_error():
    bounds = read_bounds([1.0, 2.0, ">3", "<0"])
    score = Censored().score

    assert score(bounds, np.array([1.0, 2.0, 9.0, -9.0])) == 1.0
    assert score(bounds, np.array([1.0, 2.0, 2.5, 0.0])) < 1.0
    assert np.isnan(score(bounds[:1], np.ones(1)))
    costs = [np.mean((np.clip(c, *bounds.T) - c) ** 2) for c in np.arange(0, 3, 1e-3)]
    assert least_cost_of_a_constant(bounds, None) == pytest.approx(min(costs), rel=1e-5)


# Which kind a column is


def test_kind_of_a_column_of_bounds():
    mixed = np.array([1.5, 2.5, "<1"], dtype=object)
    words = np.array(["<18", "18", ">65"], dtype=object)

    def kind(labels, said=None, default="auto"):
        return type(resolve_tasks(columns_of(labels), said, default=default)[0])

    assert kind(mixed) is kind(mixed, default="regression") is Censored
    assert kind(mixed, default="classes") is kind(mixed, "multiclass") is Multiclass
    assert kind(words) is Multiclass
    assert kind(words, "censored") is kind(words, default="regression") is Censored
    assert kind(np.arange(5.0), "censored") is Censored
    with pytest.raises(ValueError, match=r"'<1', which is no number.*'censored'\}"):
        fitted(Regression(), mixed)


# In a network


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.uniform(-1, 1, size=(300, 3)), columns=["a", "b", "c"])
    hidden = 3 * X["a"] + X["b"] ** 2 + 0.2 * rng.normal(size=300)
    y = pd.DataFrame(
        {
            "dose": np.where(hidden > 0.5, ">0.5", hidden.astype(object)),
            "number": X["a"] - X["b"],
            "late": np.where(X["c"] > 0, "yes", "no"),
        }
    )
    y.loc[::9, "dose"] = None
    return X, y, hidden


@pytest.fixture(scope="module")
def net(table):
    X, y, _ = table
    return small_net(learning_rate_init=0.005).fit(X, y)


def test_predictions_go_beyond_the_bounds(table, net):
    X, y, hidden = table
    predicted, std = net.predict(X, return_std=True)

    assert [task.kind for task in net.tasks_] == ["censored", "regression", "binary"]
    assert predicted["dose"].dtype == float
    assert r2_score(hidden, predicted["dose"]) > 0.8
    assert predicted["dose"][hidden > 2].min() > 1.0
    assert (std["dose"] > 0).all()
    assert net.estimators_[0].score(X, y["dose"]) > 0.9
    lower, upper = net.predict_interval(X, 0.8)
    held = (lower["dose"] <= hidden) & (hidden <= upper["dose"])
    assert 0.7 < held[hidden < 0.5].mean() < 0.95
    # No number was seen beyond: what reaches the limit is open there.
    assert held[hidden > 0.5].mean() > 0.95
    assert np.array_equal(np.isinf(upper["dose"]), upper["dose"] > 0.5)
    assert lower["dose"].max() <= 0.5
    assert np.isfinite(lower["dose"]).all()
    assert np.isfinite(upper["number"]).all()


def test_bounds_in_other_forms_are_learned_alike(table, net):
    X, y, _ = table
    bounds = read_bounds(y["dose"])
    interval = pd.arrays.IntervalArray.from_arrays(*bounds.T, closed="both")
    again = small_net(learning_rate_init=0.005).fit(X, y.assign(dose=interval))

    pd.testing.assert_frame_equal(again.predict(X), net.predict(X))


def test_codes_of_each_column_stay_its_own(table):
    X, y, _ = table
    plain = y[["number", "late"]]
    settings = {"max_iter": 2, "own_nets": "never", "task_types": {"late": "binary"}}
    for order in (["dose", "number", "late"], ["late", "dose", "number"]):
        net = small_net(**settings).fit(X, y[order])
        losses = net.history_[-1]
        alone = small_net(**settings).fit(X, plain)
        assert set(alone.history_[-1]) < set(losses)
        assert all(np.isfinite(losses[f"train_loss/{name}"]) for name in order)


def test_weights_and_later_rows(table):
    X, y, _ = table
    numbers_only = y["dose"].map(lambda cell: cell if isinstance(cell, float) else None)
    dose, known = y[["dose"]], numbers_only.notna()
    settings = {"max_iter": 2, "task_types": "censored"}

    weighed = small_net(**settings).fit(X, dose, sample_weight=known.astype(float))
    dropped = small_net(**settings).fit(X[known], dose[known])

    assert_allclose(weighed.predict(X), dropped.predict(X))
    weighed.partial_fit(X, dose)  # with bounds, after numbers alone
    assert np.isfinite(weighed.predict(X)).all(axis=None)


def test_regressor_reads_bounds_and_names_what_is_none(table):
    X, y, _ = table

    assert MultiTaskNetRegressor(max_iter=1).fit(X, y["dose"]).tasks_[0].kind == (
        "censored"
    )
    with pytest.raises(ValueError, match="Column 'dose' of y holds 'high', which is"):
        MultiTaskNetRegressor().fit(X, y[["dose"]].replace(">0.5", "high"))
    wrong = MultiTaskNetEstimator(task_types={"late": "censored"})
    with pytest.raises(ValueError, match="Column 'late' of y holds 'no', which is nei"):
        wrong.fit(X, y)


def test_known_labels_are_numbers(table, net):
    X, y, _ = table
    known = y[["dose"]].where(y["dose"] != ">0.5")

    drawn = net.sample_y(X[:3], 2)
    told = net.predict(X, y_known=known)

    assert drawn["dose"].notna().all()
    is_known = known["dose"].notna()
    assert_allclose(told["dose"][is_known], known["dose"][is_known].astype(float))
    with pytest.raises(ValueError, match=r"'dose' of y_known holds '>0.5', which is"):
        net.predict(X, y_known=y[["dose"]])
