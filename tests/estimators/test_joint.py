"""Draws of all columns together, and predictions that know of some labels."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)
from tests.estimators.helpers import SMALL

NET = {**SMALL, "n_members": 5, "max_iter": 15, "learning_rate_init": 0.02}


def table_of(n_rows, seed=0, noise=0.85):
    """Two numbers, two classes and a level that share noise, with gaps."""
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n_rows, 3)), columns=list("abc"))
    X.index = X.index + 7
    shared = rng.normal(size=(n_rows, 1))
    own = rng.normal(size=(n_rows, 5))
    score = X["a"].to_numpy()[:, None] + noise * shared + np.sqrt(1 - noise**2) * own
    y = pd.DataFrame(
        {
            "yield": 50 + 10 * score[:, 0],
            "days": 3 - 2 * score[:, 1],
            "passed": np.where(score[:, 2] > 0, "yes", "no"),
            "grade": pd.cut(score[:, 3], [-9, -1, 1, 9], labels=["C", "B", "A"]),
            "shop": np.where(score[:, 4] > 0.3, "s", np.where(own[:, 4] > 0, "t", "u")),
        },
        index=X.index,
    )
    return X, y


@pytest.fixture(scope="module")
def fitted():
    X, y = table_of(400)
    y.loc[y.index[:40], "yield"] = np.nan
    return MultiTaskNetEstimator(**NET).fit(X, y)


@pytest.fixture(scope="module")
def new():
    return table_of(300, seed=1)


def log_loss(net, X, labels, t, **known):
    said = net.predict_proba(X, **known)[t]
    codes = [net.classes_[t].tolist().index(label) for label in labels]
    return -np.log(said[np.arange(len(said)), codes]).mean()


def test_draws_agree_with_predictions(fitted, new):
    X = new[0].iloc[:30]
    drawn = fitted.sample_y(X, 2000)
    assert drawn.index.names == ["draw", None]
    assert drawn.shape == (60_000, 5)
    assert_array_equal(drawn.loc[3].index, X.index)
    assert drawn["grade"].cat.ordered
    mean, std = fitted.predict(X, return_std=True)
    of_row = drawn.groupby(level=1)
    for name in ("yield", "days"):
        error = abs(of_row[name].mean() - mean[name])
        assert (error < 4.5 * of_row[name].std() / np.sqrt(2000)).all()
        assert_allclose(of_row[name].std(), std[name], rtol=0.25)
    for t, name in enumerate(["passed", "grade", "shop"], 2):
        for j, label in enumerate(fitted.classes_[t]):
            share = (drawn[name] == label).groupby(level=1).mean()
            assert_allclose(share, fitted.predict_proba(X)[t][:, j], atol=0.05)


def test_draws_are_together_what_labels_are(fitted, new):
    X, y = new
    drawn = fitted.sample_y(X, 20)
    said = ((drawn["yield"] > 60) & (drawn["passed"] == "yes")).mean()
    happened = ((y["yield"] > 60) & (y["passed"] == "yes")).mean()
    alone = [(drawn["yield"] > 60).mean(), (drawn["passed"] == "yes").mean()]
    assert abs(said - happened) < 0.05
    assert said > 1.1 * np.prod(alone)


def test_draws_are_those_of_the_seed(fitted, new):
    X = new[0].iloc[:5]
    first = fitted.sample_y(X, 3)
    assert first.equals(fitted.sample_y(X, 3, random_state=0))
    assert not first.equals(fitted.sample_y(X, 3, random_state=1))
    assert not fitted.sample_y(X, 3, None).equals(fitted.sample_y(X, 3, None))


def test_draws_given_labels_hold_them(fitted, new):
    X, y = new[0].iloc[:20], new[1].iloc[:20].copy()
    y.loc[y.index[:5], "passed"] = None
    drawn = fitted.sample_y(X, 50, y_known=y[["passed", "days"]])
    again = drawn.loc[11]
    assert_allclose(again["days"], y["days"])
    assert_array_equal(again["passed"].iloc[5:], y["passed"].iloc[5:])
    assert set(drawn.xs(X.index[0], level=1)["passed"]) <= {"yes", "no"}


@pytest.mark.parametrize(
    "known", [["yield"], ["passed"], ["grade", "days"], ["yield", "days", "shop"]]
)
def test_known_labels_come_back_and_help_the_others(fitted, new, known):
    X, y = new
    told = {"y_known": y[known]}
    before, after = fitted.predict(X), fitted.predict(X, **told)
    for t, name in enumerate(y):
        if name in known:
            assert_array_equal(after[name].to_numpy(), y[name].to_numpy())
            continue
        if t < 2:
            loss = [((y[name] - p[name]) ** 2).mean() for p in (before, after)]
        else:
            loss = [log_loss(fitted, X, y[name], t, **how) for how in ({}, told)]
        assert loss[1] < 0.93 * loss[0], name
    for t, name in enumerate(y):
        if t >= 2 and name in known:
            assert log_loss(fitted, X, y[name], t, **told) == 0


def test_std_and_intervals_know_of_labels(fitted, new):
    X, y = new
    numbers = ["yield", "days"]
    _mean, before = fitted.predict(X, return_std=True)
    told, after = fitted.predict(X, return_std=True, y_known=y[["days"]])
    assert (after["days"] == 0).all()
    assert after["passed"].isna().all()
    left = (after["yield"] / before["yield"]).mean()
    error = ((y["yield"] - told["yield"]) ** 2).mean() ** 0.5
    assert left < 0.9
    assert abs(error / after["yield"].mean() - 1) < 0.25
    for how in ({}, {"method": "cv+"}, {"normalize": False}):
        wide = fitted.predict_interval(X, **how)
        low, high = fitted.predict_interval(X, **how, y_known=y[["days"]])
        assert_array_equal(low["days"], y["days"])
        assert_array_equal(high["days"], y["days"])
        size = (high["yield"] - low["yield"]) / (wide[1]["yield"] - wide[0]["yield"])
        assert abs(size.mean() - left) < 0.1
        held = (low[numbers] <= y[numbers]) & (y[numbers] <= high[numbers])
        assert 0.82 < held["yield"].mean() <= 0.99


def test_rows_of_which_nothing_is_known_are_predicted_as_ever(fitted, new):
    X, y = new[0].iloc[:40], new[1].iloc[:40].copy()
    y.iloc[:20] = None
    told = {"y_known": y}
    for now, ever in zip(
        (*fitted.predict(X, True, **told), *fitted.predict_interval(X, **told)),
        (*fitted.predict(X, True), *fitted.predict_interval(X)),
        strict=True,
    ):
        assert now.iloc[:20].equals(ever.iloc[:20])
    of_classes = fitted.predict_proba(X, **told), fitted.predict_proba(X)
    for now, ever in zip(*of_classes, strict=True):
        assert now is ever is None or (now[:20] == ever[:20]).all()


def test_boxes_hold_all_numbers_and_are_smaller_than_bonferronis(fitted):
    X, y = table_of(1500, seed=2)
    y = y[["yield", "days"]]
    for how in ({}, {"method": "cv+"}, {"normalize": False}):
        low, high = (
            b[y.columns] for b in fitted.predict_interval(X, joint=True, **how)
        )
        held = ((low <= y) & (y <= high)).all(axis=1).mean()
        assert 0.85 < held < 0.96
        wide = [b[y.columns] for b in fitted.predict_interval(X, 0.95, **how)]
        assert (high - low <= wide[1] - wide[0] + 1e-9).all(axis=None)
        single = [b[y.columns] for b in fitted.predict_interval(X, **how)]
        assert (high - low >= single[1] - single[0] - 1e-9).all(axis=None)


def test_arrays_give_arrays(rng):
    X = rng.normal(size=(60, 3))
    y = np.column_stack([X[:, 0], X[:, 0] + rng.normal(size=60)])
    net = MultiTaskNetRegressor(**SMALL).fit(X, y)
    drawn = net.sample_y(X[:4], 7)
    assert drawn.shape == (4, 2, 7)
    assert drawn.dtype == np.float64
    known = np.column_stack([y[:4, 0], np.full(4, np.nan)])
    assert_array_equal(net.predict(X[:4], y_known=known)[:, 0], y[:4, 0])
    one = MultiTaskNetRegressor(**SMALL).fit(X, y[:, 0])
    assert one.sample_y(X[:4], 7).shape == (4, 7)
    flags = MultiTaskNetClassifier(**SMALL).fit(X, y > 0)
    assert flags.sample_y(X[:4], 7).dtype == bool
    known = np.array([[True, None]] * 4, dtype=object)
    assert_array_equal(flags.predict_proba(X[:4], y_known=known)[0][:, 1], np.ones(4))


def test_kinds_of_numbers_draw_what_they_may(rng):
    pd = pytest.importorskip("pandas")
    X = rng.normal(size=(150, 2))
    size = np.exp(0.5 * X[:, 0])
    y = pd.DataFrame(
        {
            "count": rng.poisson(size),
            "gamma": rng.gamma(4, size),
            "laplace": X[:, 0] + rng.exponential(size=150),
            "quantile": X[:, 0] + rng.normal(size=150),
            "heteroscedastic": size * rng.normal(size=150),
            "huber": X[:, 1] + rng.standard_t(2, size=150),
        }
    )
    net = MultiTaskNetEstimator(**SMALL, task_types={c: c for c in y}).fit(X, y)
    frame = pd.DataFrame(X[:20])
    drawn = net.sample_y(frame, 400)
    assert (drawn["count"] == drawn["count"].round()).all()
    assert drawn["count"].min() >= 0
    assert drawn["gamma"].min() >= 0
    predicted, of_row = net.predict(frame), drawn.groupby(level=1)
    for name in ("laplace", "quantile", "huber"):
        below = (drawn[name] < np.tile(predicted[name], 400)).groupby(level=1).mean()
        assert_allclose(below, 0.5, atol=0.1)
    for name in ("count", "gamma", "heteroscedastic"):
        error = abs(of_row[name].mean() - predicted[name])
        assert (error < 5 * of_row[name].std() / 20).all()
    told = net.predict(frame, y_known=y.iloc[:20][["count"]])
    assert_array_equal(told["count"], y["count"].iloc[:20])


def test_polars_frames_number_their_draws():
    pl = pytest.importorskip("polars")
    X = pl.DataFrame({"a": np.linspace(-1, 1, 40)})
    y = pl.DataFrame({"draw": np.linspace(0, 1, 40), "b": ["x", "y"] * 20})
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)
    drawn = net.sample_y(X[:3], 2)
    assert drawn.columns == ["draw_", "draw", "b"]
    assert drawn["draw_"].to_list() == [0, 0, 0, 1, 1, 1]
    assert net.sample_y(X[:3], 1, y_known=y[:3].select("b"))["b"].to_list() == list(
        "xyx"
    )


def test_many_flags_are_drawn_and_told(rng):
    X = rng.normal(size=(120, 3))
    y = (X[:, [0]] + rng.normal(size=(120, 1)) > rng.normal(size=60)).astype(int)
    net = MultiTaskNetClassifier(**SMALL).fit(X, y)
    assert net.sample_y(X, 2).shape == (120, 60, 2)
    known = np.full(y.shape, np.nan)
    known[:, :50] = y[:, :50]
    before, after = (
        np.mean([(p == y)[:, 50:].mean()])
        for p in (net.predict(X), net.predict(X, y_known=known))
    )
    assert after > before + 0.05


def test_X_val_serves_as_held_out_rows(new):
    X, y = table_of(60)
    net = MultiTaskNetEstimator(**SMALL).fit(X, y, X_val=new[0], y_val=new[1])
    assert len(net._held_out_labels.labels) == 300
    assert net.sample_y(X.iloc[:2], 3).shape == (6, 5)


def test_a_later_fit_forgets_the_dependence(rng):
    X = rng.normal(size=(120, 2))
    noise = rng.normal(size=(120, 1))
    net = MultiTaskNetRegressor(**SMALL, warm_start=True)
    signs = []
    for sign in (1, -1):
        net.fit(X, np.column_stack([noise, sign * noise]))
        signs.append(np.sign(net._held_out_labels.copula.correlation[0, 1]))
    assert signs == [1, -1]
