"""Prediction intervals of numbers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse, stats

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)
from sklearn_mtl.estimators._conformal import row_draws
from tests.estimators.helpers import (
    FIVE_MEMBERS,
    INTERVAL_METHODS,
    Fitted,
    encoded,
    made_table,
)

# Intervals of numbers


def coverage_of(lower, upper, y):
    held = (lower <= y) & (y <= upper)
    return np.array([held[~np.isnan(y[:, t]), t].mean() for t in range(y.shape[1])])


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95])
def test_intervals_cover_what_is_asked(fitted_several, coverage):
    covered = {
        method: [
            coverage_of(*fitted.net.predict_interval(X, coverage, method=method), y)
            for fitted, X, y in fitted_several
        ]
        for method in INTERVAL_METHODS
    }
    shares = np.array(covered["fold"])[:, :2]
    assert abs(shares.mean() - coverage) < 0.03
    assert abs(shares - coverage).max() < 0.08
    shares = np.array(covered["cv+"])[:, :2]
    assert -0.02 < shares.mean() - coverage < 0.06


def test_errors_on_training_rows_would_not_do(fitted_several):
    """What the test above must be able to tell apart."""
    shares = []
    for fitted, X, y in fitted_several:
        error = np.abs(fitted.y - fitted.net.predict(fitted.X))[:, :2]
        reach = np.quantile(error, 0.9, axis=0)
        said = fitted.net.predict(X)[:, :2]
        shares.append(coverage_of(said - reach, said + reach, y[:, :2]))
    assert np.mean(shares) < 0.865


@pytest.mark.parametrize("method", INTERVAL_METHODS)
def test_wider_for_more(fitted_numbers, new_rows, method):
    widths = []
    for coverage in (0.5, 0.6, 0.8, 0.9, 0.95):
        lower, upper = fitted_numbers.net.predict_interval(
            new_rows, coverage, method=method
        )
        assert (lower < upper).all()
        widths.append((upper - lower).mean())
    assert (np.diff(widths) > 0).all()


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.97])
def test_cv_plus_is_that_of_barber_et_al(fitted_numbers, new_rows, coverage):
    lower, upper = fitted_numbers.net.predict_interval(
        new_rows, coverage, method="cv+", normalize=False
    )
    labelled = ~np.isnan(fitted_numbers.y).all(axis=1)
    y, X = fitted_numbers.y[labelled], fitted_numbers.X[labelled]
    fold = (~fitted_numbers.trains).argmax(axis=0)
    alpha = 1 - coverage
    for t in range(2):
        on_rows, on_new = (fitted_numbers.members(x, t)[..., 0] for x in (X, new_rows))
        known = np.flatnonzero(~np.isnan(y[:, t]))
        n = len(known)
        for j in range(len(new_rows)):
            low, high = [], []
            for i in known:
                residual = abs(y[i, t] - on_rows[fold[i], i])
                low.append(on_new[fold[i], j] - residual)
                high.append(on_new[fold[i], j] + residual)
            # floor(alpha (n + 1)) from below, ceil((1 - alpha) (n + 1)) from above
            expected = sorted(low)[int(np.floor(alpha * (n + 1) + 1e-9)) - 1]
            assert lower[j, t] == pytest.approx(expected, rel=1e-3, abs=1e-4)
            expected = sorted(high)[int(np.ceil((1 - alpha) * (n + 1) - 1e-9)) - 1]
            assert upper[j, t] == pytest.approx(expected, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.97])
def test_one_fold_a_row_is_split_conformal(fitted_numbers, new_rows, coverage):
    lower, upper = fitted_numbers.net.predict_interval(
        new_rows, coverage, normalize=False
    )
    draw, _ = row_draws(encoded(fitted_numbers.net, new_rows))
    labelled = ~np.isnan(fitted_numbers.y).all(axis=1)
    y, oof = fitted_numbers.y[labelled], fitted_numbers.net.oof_predictions_[labelled]
    for t in range(2):
        members = fitted_numbers.members(new_rows, t)[..., 0]
        errors = sorted(abs(y - oof)[~np.isnan(y[:, t]), t])
        reach = errors[int(np.ceil(coverage * (len(errors) + 1) - 1e-9)) - 1]
        for j in range(len(new_rows)):
            centre = members[int(draw[j] * 5), j]
            assert lower[j, t] == pytest.approx(centre - reach, rel=1e-3, abs=1e-4)
            assert upper[j, t] == pytest.approx(centre + reach, rel=1e-3, abs=1e-4)


def test_cv_plus_reaches_the_largest_error_of_many_rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 2))
    y = rng.standard_t(3, size=3000)
    net = MultiTaskNetRegressor(**{**FIVE_MEMBERS, "max_iter": 1}).fit(X, y)
    largest = np.abs(y - net.oof_predictions_).max()
    for method in INTERVAL_METHODS:
        lower, upper = net.predict_interval(X[:5], 0.9996, method=method)
        assert_allclose(upper - lower, 2 * largest, rtol=0.05)


def test_rows_to_stop_on_are_rows_to_learn_the_errors_from(new_rows):
    X, y = made_table(140, ["regression"])
    y = y[:, 0]
    y[130:] = np.nan
    net = MultiTaskNetRegressor(**FIVE_MEMBERS).fit(
        X[:80], y[:80], X_val=X[80:], y_val=y[80:]
    )
    errors = np.sort(np.abs(y[80:130] - net.predict(X[80:130])))
    reach = errors[int(np.ceil(0.9 * 51)) - 1]
    for method in INTERVAL_METHODS:
        lower, upper = net.predict_interval(new_rows, 0.9, method=method)
        assert_allclose(upper - net.predict(new_rows), reach)
        assert_allclose(net.predict(new_rows) - lower, reach)


@pytest.mark.parametrize("n_members", [1, 2, 12])
@pytest.mark.parametrize("method", INTERVAL_METHODS)
def test_any_number_of_members(n_members, method):
    X, y = made_table(2300, ["regression", "multiclass"], noise=0.5)
    net = MultiTaskNetEstimator(
        **{**FIVE_MEMBERS, "n_members": n_members, "max_iter": 10}
    )
    net.fit(X[:300], y[:300])
    lower, upper = net.predict_interval(X[300:], 0.8, method=method)
    # One member holds out 30 rows, so that the share scatters by 0.07.
    room = 0.2 if n_members < 5 else 0.08
    assert coverage_of(lower, upper, y[300:])[0] == pytest.approx(0.8, abs=room)


def noisy(kind, n_rows, seed=0):
    """Make a column whose noise differs a lot between rows."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, size=(n_rows, 2))
    if kind == "heteroscedastic":
        scale = np.exp(1.2 * X[:, 0])
        return X, X[:, 1] + scale * rng.normal(size=n_rows), X[:, 0] > 0
    mean = np.exp(1 + 1.5 * X[:, 0])
    if kind == "gamma":
        return X, mean * rng.gamma(4, 1 / 4, size=n_rows), X[:, 0] > 0
    return X, rng.poisson(mean).astype(float), X[:, 0] > 0


@pytest.mark.parametrize("method", INTERVAL_METHODS)
@pytest.mark.parametrize("kind", ["heteroscedastic", "gamma", "count"])
def test_normalized_intervals_fit_loud_and_quiet_rows(kind, method):
    X, y, loud = noisy(kind, 3000)
    net = MultiTaskNetRegressor(**{**FIVE_MEMBERS, "max_iter": 50}, task_types=kind)
    net.fit(X[:800], y[:800])
    X, y, loud = X[800:], y[800:], loud[800:]

    def by_noise(normalize):
        lower, upper = net.predict_interval(X, 0.9, method=method, normalize=normalize)
        held, size = (lower <= y) & (y <= upper), upper - lower
        assert held.mean() == pytest.approx(0.9, abs=0.03)
        return (
            held[loud].mean(),
            held[~loud].mean(),
            size[loud].mean() / size[~loud].mean(),
        )

    loud_share, quiet_share, ratio = by_noise(True)
    assert loud_share == pytest.approx(0.9, abs=0.08)
    assert quiet_share == pytest.approx(0.9, abs=0.08)
    assert ratio > 1.5
    plain_loud_share, plain_quiet_share, ratio = by_noise(False)
    assert plain_loud_share < loud_share - 0.02
    assert plain_quiet_share > quiet_share + 0.02
    if kind == "heteroscedastic":  # the others' are cut off at 0, quiet rows' most
        assert ratio == pytest.approx(1, abs=0.15)
    else:
        assert ratio < 1.5


def test_kinds_of_equal_noise_have_nothing_to_normalize(fitted_numbers, new_rows):
    for method in INTERVAL_METHODS:
        one = fitted_numbers.net.predict_interval(new_rows, method=method)
        other = fitted_numbers.net.predict_interval(
            new_rows, method=method, normalize=False
        )
        assert_allclose(one, other, rtol=1e-9)


@pytest.mark.parametrize("offset", [1e3, 1e6])
def test_normalized_intervals_far_from_zero(offset):
    """The mean must not swamp the spread."""
    X, y, _ = noisy("heteroscedastic", 300)
    net = MultiTaskNetRegressor(**FIVE_MEMBERS, task_types="heteroscedastic")
    near = np.subtract(*net.fit(X, y).predict_interval(X)[::-1])
    far = np.subtract(*net.fit(X, y + offset).predict_interval(X)[::-1])
    assert_allclose(far, near, rtol=0.02)


@pytest.mark.parametrize("method", INTERVAL_METHODS)
def test_too_few_labels_for_a_coverage(new_rows, method):
    X, y = made_table(60, ["regression", "multiclass"])
    y[8:] = np.where([False, True], y[8:], np.nan)  # eight numbers are left
    y[:52, 1] = np.nan  # and eight classes
    net = MultiTaskNetEstimator(**FIVE_MEMBERS, task_types={1: "multiclass"}).fit(X, y)

    lower, upper = net.predict_interval(new_rows, 0.9, method=method)
    assert (lower[:, 0] == -np.inf).all()
    assert (upper[:, 0] == np.inf).all()
    assert net.predict_set(new_rows, 0.9, method=method)[1].all()

    lower, upper = net.predict_interval(new_rows, 0.85, method=method)
    assert np.isfinite(lower[:, 0]).all()
    assert np.isfinite(upper[:, 0]).all()
    assert not net.predict_set(new_rows, 0.5, method=method)[1].all()


@pytest.mark.parametrize("method", INTERVAL_METHODS)
def test_columns_without_labels(new_rows, method):
    X, y = made_table(60, ["regression"] * 3)
    y[:, 1] = np.nan
    with pytest.warns(UserWarning, match="no label"):
        net = MultiTaskNetRegressor(**FIVE_MEMBERS).fit(X, y)
    lower, upper = net.predict_interval(new_rows, method=method)
    assert np.isnan(lower[:, 1]).all()
    assert np.isnan(upper[:, 1]).all()
    assert (lower[:, [0, 2]] < upper[:, [0, 2]]).all()


@pytest.mark.parametrize("method", INTERVAL_METHODS)
def test_constant_columns(new_rows, method):
    X, _ = made_table(60)
    y = np.column_stack([np.full(60, 7.25).astype(object), np.full(60, "one")])
    net = MultiTaskNetEstimator(**FIVE_MEMBERS).fit(X, y)
    lower, upper = net.predict_interval(new_rows, method=method)
    assert_allclose(lower[:, 0], 7.25)
    assert_allclose(upper[:, 0], 7.25)
    assert net.predict_set(new_rows, 0.99, method=method)[1].mean() > 0.8


def test_containers_of_intervals(frames):
    pd = pytest.importorskip("pandas")
    X, y = frames
    net = MultiTaskNetEstimator(**FIVE_MEMBERS).fit(X, y)
    for bound in net.predict_interval(X[10:30]):
        pd.testing.assert_index_equal(bound.index, X.index[10:30])
        assert bound.columns.tolist() == y.columns.tolist()
        assert (bound.dtypes == np.float64).all()
        assert bound[["price", "rooms"]].notna().all(axis=None)
        assert bound[["town", "sold"]].isna().all(axis=None)
    one = MultiTaskNetEstimator(**FIVE_MEMBERS).fit(
        X[y["price"].notna()], y["price"].dropna()
    )
    for bound in one.predict_interval(X):
        assert isinstance(bound, np.ndarray)
        assert bound.shape == (90,)


def test_intervals_of_arrays_and_of_polars(new_rows):
    X, y = made_table(60)
    y = np.column_stack([y[:, 0].astype(object), np.where(y[:, 1] > 1, "a", "b")])
    for bound in (
        MultiTaskNetEstimator(**FIVE_MEMBERS).fit(X, y).predict_interval(new_rows)
    ):
        assert bound.shape == (40, 2)
        assert bound.dtype == np.float64
        assert_array_equal(np.isnan(bound), [[False, True]] * 40)
    pl = pytest.importorskip("polars")
    table = pl.DataFrame({"n": y[:, 0].tolist(), "c": y[:, 1].tolist()})
    net = MultiTaskNetEstimator(**FIVE_MEMBERS).fit(pl.DataFrame(X), table)
    for bound in net.predict_interval(pl.DataFrame(new_rows)):
        assert isinstance(bound, pl.DataFrame)
        assert bound.schema == {"n": pl.Float64, "c": pl.Float64}


def test_sparse_rows(new_rows):
    X, y = made_table(60)
    dense = MultiTaskNetEstimator(**FIVE_MEMBERS, scale_inputs=False).fit(X, y)
    loose = MultiTaskNetEstimator(**FIVE_MEMBERS, scale_inputs=False)
    loose.fit(sparse.csr_array(X), y)
    for method in INTERVAL_METHODS:
        assert_allclose(
            loose.predict_interval(sparse.csr_array(new_rows), method=method),
            dense.predict_interval(new_rows, method=method),
            rtol=1e-4,
        )


# Rows do not depend on each other, and nothing on chance


@pytest.mark.parametrize("method", INTERVAL_METHODS)
def test_interval_of_a_row_does_not_depend_on_the_others(
    fitted_numbers, new_rows, method
):
    lower, upper = fitted_numbers.net.predict_interval(new_rows, method=method)
    shuffled = np.random.default_rng(0).permutation(len(new_rows))
    for rows in (shuffled, slice(5), [17]):
        low, high = fitted_numbers.net.predict_interval(new_rows[rows], method=method)
        assert_allclose(low, lower[rows], rtol=1e-10)
        assert_allclose(high, upper[rows], rtol=1e-10)


@pytest.mark.parametrize("method", INTERVAL_METHODS)
def test_set_of_a_row_does_not_depend_on_the_others(fitted_words, new_rows, method):
    (sets,) = fitted_words.net.predict_set(new_rows, method=method)
    shuffled = np.random.default_rng(0).permutation(len(new_rows))
    for rows in (shuffled, slice(5), [17]):
        assert_array_equal(
            fitted_words.net.predict_set(new_rows[rows], method=method)[0], sets[rows]
        )


def test_many_rows_are_predicted_in_parts(
    fitted_numbers, fitted_words, monkeypatch, new_rows
):
    expected = (
        fitted_numbers.net.predict_interval(new_rows),
        fitted_words.net.predict_set(new_rows),
    )
    monkeypatch.setattr("sklearn_mtl.estimators._fitted_stack.ROWS_AT_ONCE", 7)
    assert_allclose(
        fitted_numbers.net.predict_interval(new_rows), expected[0], rtol=1e-10
    )
    assert_array_equal(fitted_words.net.predict_set(new_rows), expected[1])


def test_same_random_state_same_intervals_and_sets(
    fitted_numbers, fitted_words, new_rows
):
    again = Fitted(MultiTaskNetRegressor, fitted_numbers.X, fitted_numbers.y).net
    assert_array_equal(again.oof_predictions_, fitted_numbers.net.oof_predictions_)
    assert again.oof_score_ == fitted_numbers.net.oof_score_
    other = Fitted(MultiTaskNetClassifier, fitted_words.X, fitted_words.y).net
    np.random.seed(3)  # noqa: NPY002
    for method in INTERVAL_METHODS:
        for net in (again, fitted_numbers.net):
            assert_array_equal(
                net.predict_interval(new_rows, method=method),
                fitted_numbers.net.predict_interval(new_rows, method=method),
            )
        assert_array_equal(
            other.predict_set(new_rows, method=method),
            fitted_words.net.predict_set(new_rows, method=method),
        )


@pytest.mark.parametrize(
    "features",
    [
        np.random.default_rng(0).normal(size=(5000, 3)),
        np.arange(5000.0)[:, None],
        np.stack(np.meshgrid(*[np.arange(18.0)] * 3), axis=-1).reshape(-1, 3)[:5000],
    ],
    ids=["normal", "whole", "grid"],
)
def test_draws_are_as_if_at_random(features):
    first, second = row_draws(features)
    for draw in (first, second, (first + second) % 1):
        assert stats.kstest(draw, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05
    assert abs(np.corrcoef(first, features[:, 0])[0, 1]) < 0.05
    assert row_draws(np.zeros((1, 3)))[0] == row_draws(-np.zeros((1, 3)))[0]


# Messages


@pytest.mark.parametrize("way", ["early_stopping", "partial_fit"])
def test_what_to_do_where_nothing_was_held_out(way, new_rows):
    X, y = made_table(60)
    net = MultiTaskNetEstimator(**FIVE_MEMBERS, task_types={1: "multiclass"})
    if way == "partial_fit":
        net.partial_fit(X, y)
    else:
        net.set_params(early_stopping=False).fit(X, y)
    for method in ("predict_interval", "predict_set"):
        with pytest.raises(ValueError, match=rf"{method}.*early_stopping=True.*X_val"):
            getattr(net, method)(new_rows)


@pytest.mark.parametrize("method", ["predict_interval", "predict_set"])
@pytest.mark.parametrize("coverage", [0, 1, -0.1, 1.5, 90, np.nan, "0.9", None])
def test_coverage_out_of_range(
    method, coverage, fitted_numbers, fitted_words, new_rows
):
    net = fitted_words.net if method == "predict_set" else fitted_numbers.net
    with pytest.raises(ValueError, match="'coverage' parameter of") as error:
        getattr(net, method)(new_rows, coverage)
    assert method in str(error.value)
    assert "in the range (0" in str(error.value)


@pytest.mark.parametrize("method", ["predict_interval", "predict_set"])
def test_method_that_there_is_not(method, fitted_numbers, fitted_words, new_rows):
    net = fitted_words.net if method == "predict_set" else fitted_numbers.net
    with pytest.raises(ValueError, match=r"'method' parameter.*'cv\+'.*'fold'|'fold'"):
        getattr(net, method)(new_rows, method="jackknife+")


@pytest.mark.parametrize("method", ["predict_interval", "predict_set"])
def test_before_fit(method, new_rows):
    with pytest.raises(ValueError, match="not fitted"):
        getattr(MultiTaskNetEstimator(), method)(new_rows)


@pytest.mark.parametrize("method", INTERVAL_METHODS)
def test_a_column_without_held_out_labels_has_no_bounds(method):
    X, y = made_table(80, ["regression", "regression"])
    y_val = y[60:].copy()
    y_val[:, 1] = np.nan
    net = MultiTaskNetRegressor(**{**FIVE_MEMBERS, "max_iter": 2})
    net.fit(X[:60], y[:60], X_val=X[60:], y_val=y_val)
    lower, upper = net.predict_interval(X, 0.5, method=method)
    assert np.isfinite(lower[:, 0]).all()
    assert (lower[:, 1] == -np.inf).all()
    assert (upper[:, 1] == np.inf).all()


@pytest.mark.parametrize("method", ["fold", "cv+"])
def test_bounds_are_labels_that_there_can_be(method):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 2))
    kinds = ["count", "negative_binomial", "gamma", "survival", "regression"]
    y = np.column_stack([rng.poisson(0.5, 90) + 0.1 * (k == 2) for k in range(5)])
    net = MultiTaskNetEstimator(
        task_types=kinds, hidden_layer_sizes=(4,), max_iter=2, random_state=0
    ).fit(X, y)

    for how in ({}, {"joint": True}, {"normalize": False}):
        lower, upper = net.predict_interval(X, 0.95, method=method, **how)
        assert (lower[:, :4] >= 0).all()
        assert (lower[:, 4] < 0).any()
        assert (lower <= upper).all()
