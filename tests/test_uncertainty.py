"""Out-of-fold predictions, intervals, sets of classes and calibration."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse, stats
from sklearn.metrics import accuracy_score, log_loss, r2_score
from skorch.callbacks import Callback

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)
from sklearn_mtl.datasets import make_multitask
from sklearn_mtl.estimators._conformal import row_draws
from sklearn_mtl.training import iter_raw

METHODS = ("fold", "cv+")
NET = {
    "hidden_layer_sizes": (16,),
    "n_members": 5,
    "max_iter": 30,
    "learning_rate_init": 0.01,
    "dropout": 0.0,
    "n_bins": 0,
    "random_state": 0,
}


class NoteRows(Callback):
    """Note which rows each member trains on."""

    def on_train_begin(self, net, X=None, **kwargs):
        n_members = len(net.criterion_.task_weight)
        self.trains = np.zeros((n_members, len(X.table)), dtype=bool)
        if X.row_weight is not None:
            self.trains[:, X.index.numpy()] = X.row_weight.numpy() > 0
        else:
            self.trains[:, X.index.numpy()] = True


class Fitted:
    """A fitted net, its table, and what each member says of new rows."""

    def __init__(self, cls=MultiTaskNetEstimator, X=None, y=None, **parameters):
        self.X, self.y = X, y
        rows = NoteRows()
        self.net = cls(**{**NET, **parameters}, callbacks=[rows]).fit(X, y)
        self.trains = rows.trains

    def members(self, X, t):
        """Responses of all members, by hand: (K, n, m)."""
        net = self.net
        features = net.feature_encoder_.transform(X, dtype=np.float64)
        module = net.own_nets_.get(t, net.net_).module_
        raw = np.concatenate(
            [parts[0] for _, parts in iter_raw([module], features)], axis=1
        )
        said = net.tasks_[t].response(raw[..., net.net_.criterion_.layout.slices[t]])
        return tempered(said, net.temperature_[t]) if t in classes_of(net) else said

    def out_of_fold(self, t):
        """Mean response of the members that did not train on a row: (n, m)."""
        responses = self.members(self.X, t)
        held = ~self.trains
        with np.errstate(invalid="ignore"):
            return np.einsum("kn,knm->nm", held, responses) / held.sum(axis=0)[:, None]


def classes_of(net):
    return [t for t, task in enumerate(net.tasks_) if task.is_classifier]


def made(n_rows, kinds=("regression", "multiclass"), **parameters):
    return make_multitask(
        n_rows, 6, n_tasks=list(kinds), **{"random_state": 0, "noise": 0.3} | parameters
    )


@pytest.fixture(scope="module")
def numbers():
    """Return a net of two numeric columns, a fifth of the labels missing."""
    X, y = made(120, ["regression"] * 2, missing=0.2)
    return Fitted(MultiTaskNetRegressor, X, y)


@pytest.fixture(scope="module")
def words():
    """Return a net of one column of four classes, some missing."""
    X, y = made(150, ["multiclass"], n_classes=4, missing=0.2)
    return Fitted(MultiTaskNetClassifier, X, y)


@pytest.fixture(scope="module")
def new():
    """Return rows that no net has seen."""
    return np.random.default_rng(1).normal(size=(40, 6))


@pytest.fixture(scope="module")
def frames():
    """Return a frame of a number, an integer, two classes, with gaps and an index."""
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(90, 3)), columns=["a", "b", "c"])
    X.index = pd.Index(np.arange(90)[::-1] * 10)
    price = (X["a"] + 0.2 * rng.normal(size=90)) * 100
    y = pd.DataFrame(
        {
            "price": price,
            "rooms": pd.array(rng.poisson(3, 90), dtype="Int64"),
            "town": pd.Categorical(np.where(X["b"] > 0, "Rome", "Oslo")),
            "sold": pd.array(price > 0, dtype="boolean"),
        },
        index=X.index,
    )
    y = y.mask(rng.random(y.shape) < 0.2)
    y.iloc[[3, 50]] = pd.NA
    return X, y


# Out-of-fold predictions


@pytest.mark.parametrize("n_members", [1, 3, 5, 8, 13])
def test_out_of_fold_predictions_are_of_members_that_held_the_row_out(n_members):
    X, y = made(90, ["regression", "regression"], missing=0.1)
    fitted = Fitted(MultiTaskNetRegressor, X, y, n_members=n_members, max_iter=5)
    labelled = ~np.isnan(y).all(axis=1)
    fitted.X = X[labelled]
    held = ~fitted.trains

    n_folds = n_members if 5 <= n_members < 10 else 10
    sizes = held.sum(axis=1)
    assert set(sizes) <= {labelled.sum() // n_folds, labelled.sum() // n_folds + 1}
    assert held.any(axis=0).all() == (n_members >= 5)
    assert held.sum(axis=0).max() == (2 if n_members > 10 else 1)
    for t in range(2):
        expected = np.full(len(y), np.nan)
        expected[labelled] = fitted.out_of_fold(t)[:, 0]
        assert_allclose(fitted.net.oof_predictions_[:, t], expected, atol=1e-6)


def test_out_of_fold_classes_are_those_of_members_that_held_the_row_out(words):
    labelled = ~np.isnan(words.y[:, 0])
    trains, everything = words.trains, words.X
    assert trains.shape[1] == labelled.sum()
    words.X = everything[labelled]
    likeliest = words.out_of_fold(0).argmax(axis=1)
    words.X = everything
    assert_array_equal(
        words.net.oof_predictions_[labelled, 0], words.net.classes_[0][likeliest]
    )
    assert np.isnan(words.net.oof_predictions_[~labelled]).all()


def test_labels_of_rows_do_not_reach_their_own_predictions():
    X, y = made(60, ["regression"])
    parameters = {"max_iter": 1, "batch_size": 100}
    one = Fitted(MultiTaskNetRegressor, X, y[:, 0], **parameters)
    apart = np.flatnonzero(~one.trains[2])[:2]
    other = y[:, 0].copy()
    other[apart] = other[apart[::-1]]  # so that mean and scale stay
    two = Fitted(MultiTaskNetRegressor, X, other, **parameters)

    moved = np.abs(one.members(X, 0) - two.members(X, 0)).max(axis=(1, 2))
    assert moved[2] < 1e-6
    assert np.delete(moved, 2).min() > 1e-4


def test_containers_of_out_of_fold_predictions(frames):
    pd = pytest.importorskip("pandas")
    X, y = frames
    oof = MultiTaskNetEstimator(**NET).fit(X, y).oof_predictions_

    pd.testing.assert_index_equal(oof.index, X.index)
    assert oof.columns.tolist() == y.columns.tolist()
    assert oof["price"].dtype == oof["rooms"].dtype == np.float64
    assert oof["town"].dtype == y["town"].dtype
    assert oof["sold"].dtype == y["sold"].dtype
    empty = y.isna().all(axis=1).to_numpy()
    assert empty.sum() >= 2
    assert oof[empty].isna().all(axis=None)
    assert oof[~empty].notna().all(axis=None)


def test_out_of_fold_predictions_of_arrays(words, numbers):
    assert numbers.net.oof_predictions_.shape == numbers.y.shape
    assert numbers.net.oof_predictions_.dtype == np.float64
    assert words.net.oof_predictions_.shape == words.y.shape
    X, y = made(60, ["regression"])
    net = MultiTaskNetRegressor(**NET).fit(X, y[:, 0])
    assert net.oof_predictions_.shape == (60,)
    mixed = np.column_stack([y.astype(object), np.where(y > 0, "up", "down")])
    oof = MultiTaskNetEstimator(**{**NET, "n_members": 2}).fit(X, mixed)
    oof = oof.oof_predictions_
    assert oof.dtype == object
    absent = [cell is None or cell != cell for cell in oof[:, 1]]
    assert sum(absent) == 48
    assert_array_equal([cell != cell for cell in oof[:, 0]], absent)
    assert set(oof[~np.array(absent), 1]) == {"up", "down"}


def test_out_of_fold_predictions_of_polars():
    pl = pytest.importorskip("polars")
    X, y = made(60)
    table = pl.DataFrame({"n": y[:, 0], "c": [f"class {code:.0f}" for code in y[:, 1]]})
    oof = MultiTaskNetEstimator(**NET).fit(pl.DataFrame(X), table).oof_predictions_
    assert isinstance(oof, pl.DataFrame)
    assert oof.schema == table.schema
    assert oof.null_count().sum_horizontal().item() == 0


def test_out_of_fold_score_is_that_of_the_predictions(frames):
    X, y = frames
    net = MultiTaskNetEstimator(**NET, task_types={"rooms": "count"}).fit(X, y)
    scores = []
    for name, metric in zip(
        y, [r2_score, r2_score, accuracy_score, accuracy_score], strict=True
    ):
        known = y[name].notna()
        labels, said = y[name][known], net.oof_predictions_[name][known]
        plain = float if metric is r2_score else str
        scores.append(metric(labels.astype(plain), said.astype(plain)))
    assert net.oof_score_ == pytest.approx(np.mean(scores))


def test_out_of_fold_score_with_weights_and_few_members(numbers):
    X, y = numbers.X, numbers.y
    weight = np.random.default_rng(0).integers(0, 3, size=len(X)).astype(float)
    net = MultiTaskNetRegressor(**{**NET, "n_members": 3}).fit(X, y, weight)
    oof = net.oof_predictions_
    assert np.isnan(oof[weight == 0]).all()
    scores = []
    for t in range(2):
        known = ~np.isnan(y[:, t]) & ~np.isnan(oof[:, t])
        assert 15 < known.sum() < 30
        scores.append(r2_score(y[known, t], oof[known, t], sample_weight=weight[known]))
    assert net.oof_score_ == pytest.approx(np.mean(scores))


def test_out_of_fold_score_is_near_that_of_new_rows():
    kinds = ["regression", "regression", "multiclass"]
    X, y = made(3000, kinds, missing=0.2)
    net = MultiTaskNetEstimator(**NET, task_types={2: "multiclass"})
    net.fit(X[:1000], y[:1000])
    held_out, seen = net.score(X[1000:], y[1000:]), net.score(X[:1000], y[:1000])
    assert abs(net.oof_score_ - held_out) < 0.04
    assert seen > held_out + 0.02


def test_nothing_is_out_of_fold_where_nothing_was_held_out(new):
    X, y = made(60, ["regression"])
    net = MultiTaskNetRegressor(**NET).fit(X, y)
    assert hasattr(net, "oof_predictions_")
    assert hasattr(net, "oof_score_")
    ways = [
        lambda: net.fit(X, y, X_val=X[:20], y_val=y[:20]),
        lambda: net.set_params(early_stopping=False).fit(X, y),
        lambda: net.set_params(early_stopping=True).fit(X, y).partial_fit(X, y),
    ]
    for fit in ways:
        fit()
        assert not hasattr(net, "oof_predictions_")
        assert not hasattr(net, "oof_score_")
    assert hasattr(net.fit(X, y), "oof_score_")


# Intervals of numbers


def coverage_of(lower, upper, y):
    held = (lower <= y) & (y <= upper)
    return np.array([held[~np.isnan(y[:, t]), t].mean() for t in range(y.shape[1])])


@pytest.fixture(scope="module")
def several():
    """Return nets of several made tables, and rows to judge them by."""
    kinds = ["regression", "regression", "multiclass"]
    found = []
    for seed in range(4):
        X, y = made(3600, kinds, noise=0.5, n_classes=4, random_state=seed)
        fitted = Fitted(
            X=X[:600],
            y=y[:600],
            task_types={2: "multiclass"},
            hidden_layer_sizes=(64,),
        )
        found.append((fitted, X[600:], y[600:]))
    return found


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95])
def test_intervals_cover_what_is_asked(several, coverage):
    covered = {
        method: [
            coverage_of(*fitted.net.predict_interval(X, coverage, method=method), y)
            for fitted, X, y in several
        ]
        for method in METHODS
    }
    shares = np.array(covered["fold"])[:, :2]
    assert abs(shares.mean() - coverage) < 0.03
    assert abs(shares - coverage).max() < 0.08
    shares = np.array(covered["cv+"])[:, :2]
    assert -0.02 < shares.mean() - coverage < 0.06


def test_errors_on_training_rows_would_not_do(several):
    """What the test above must be able to tell apart."""
    shares = []
    for fitted, X, y in several:
        error = np.abs(fitted.y - fitted.net.predict(fitted.X))[:, :2]
        reach = np.quantile(error, 0.9, axis=0)
        said = fitted.net.predict(X)[:, :2]
        shares.append(coverage_of(said - reach, said + reach, y[:, :2]))
    assert np.mean(shares) < 0.865


@pytest.mark.parametrize("method", METHODS)
def test_wider_for_more(numbers, new, method):
    widths = []
    for coverage in (0.5, 0.6, 0.8, 0.9, 0.95):
        lower, upper = numbers.net.predict_interval(new, coverage, method=method)
        assert (lower < upper).all()
        widths.append((upper - lower).mean())
    assert (np.diff(widths) > 0).all()


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.97])
def test_cv_plus_is_that_of_barber_et_al(numbers, new, coverage):
    lower, upper = numbers.net.predict_interval(
        new, coverage, method="cv+", normalize=False
    )
    labelled = ~np.isnan(numbers.y).all(axis=1)
    y, X = numbers.y[labelled], numbers.X[labelled]
    fold = (~numbers.trains).argmax(axis=0)
    alpha = 1 - coverage
    for t in range(2):
        on_rows, on_new = (numbers.members(x, t)[..., 0] for x in (X, new))
        known = np.flatnonzero(~np.isnan(y[:, t]))
        n = len(known)
        for j in range(len(new)):
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
def test_one_fold_a_row_is_split_conformal(numbers, new, coverage):
    lower, upper = numbers.net.predict_interval(new, coverage, normalize=False)
    draw, _ = row_draws(numbers.net.feature_encoder_.transform(new, dtype=np.float64))
    labelled = ~np.isnan(numbers.y).all(axis=1)
    y, oof = numbers.y[labelled], numbers.net.oof_predictions_[labelled]
    for t in range(2):
        members = numbers.members(new, t)[..., 0]
        errors = sorted(abs(y - oof)[~np.isnan(y[:, t]), t])
        reach = errors[int(np.ceil(coverage * (len(errors) + 1) - 1e-9)) - 1]
        for j in range(len(new)):
            centre = members[int(draw[j] * 5), j]
            assert lower[j, t] == pytest.approx(centre - reach, rel=1e-3, abs=1e-4)
            assert upper[j, t] == pytest.approx(centre + reach, rel=1e-3, abs=1e-4)


def test_cv_plus_reaches_the_largest_error_of_many_rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 2))
    y = rng.standard_t(3, size=3000)
    net = MultiTaskNetRegressor(**{**NET, "max_iter": 1}).fit(X, y)
    largest = np.abs(y - net.oof_predictions_).max()
    for method in METHODS:
        lower, upper = net.predict_interval(X[:5], 0.9996, method=method)
        assert_allclose(upper - lower, 2 * largest, rtol=0.05)


def test_rows_to_stop_on_are_rows_to_learn_the_errors_from(new):
    X, y = made(140, ["regression"])
    y = y[:, 0]
    y[130:] = np.nan
    net = MultiTaskNetRegressor(**NET).fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    errors = np.sort(np.abs(y[80:130] - net.predict(X[80:130])))
    reach = errors[int(np.ceil(0.9 * 51)) - 1]
    for method in METHODS:
        lower, upper = net.predict_interval(new, 0.9, method=method)
        assert_allclose(upper - net.predict(new), reach)
        assert_allclose(net.predict(new) - lower, reach)


@pytest.mark.parametrize("n_members", [1, 2, 12])
@pytest.mark.parametrize("method", METHODS)
def test_any_number_of_members(n_members, method):
    X, y = made(2300, ["regression", "multiclass"], noise=0.5)
    net = MultiTaskNetEstimator(**{**NET, "n_members": n_members, "max_iter": 10})
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


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["heteroscedastic", "gamma", "count"])
def test_normalized_intervals_fit_loud_and_quiet_rows(kind, method):
    X, y, loud = noisy(kind, 3000)
    net = MultiTaskNetRegressor(**{**NET, "max_iter": 50}, task_types=kind)
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
    assert ratio == pytest.approx(1, abs=0.15)


def test_kinds_of_equal_noise_have_nothing_to_normalize(numbers, new):
    for method in METHODS:
        one = numbers.net.predict_interval(new, method=method)
        other = numbers.net.predict_interval(new, method=method, normalize=False)
        assert_allclose(one, other, rtol=1e-9)


@pytest.mark.parametrize("offset", [1e3, 1e6])
def test_normalized_intervals_far_from_zero(offset):
    """The mean must not swamp the spread."""
    X, y, _ = noisy("heteroscedastic", 300)
    net = MultiTaskNetRegressor(**NET, task_types="heteroscedastic")
    near = np.subtract(*net.fit(X, y).predict_interval(X)[::-1])
    far = np.subtract(*net.fit(X, y + offset).predict_interval(X)[::-1])
    assert_allclose(far, near, rtol=0.02)


@pytest.mark.parametrize("method", METHODS)
def test_too_few_labels_for_a_coverage(new, method):
    X, y = made(60, ["regression", "multiclass"])
    y[8:] = np.where([False, True], y[8:], np.nan)  # eight numbers are left
    y[:52, 1] = np.nan  # and eight classes
    net = MultiTaskNetEstimator(**NET, task_types={1: "multiclass"}).fit(X, y)

    lower, upper = net.predict_interval(new, 0.9, method=method)
    assert (lower[:, 0] == -np.inf).all()
    assert (upper[:, 0] == np.inf).all()
    assert net.predict_set(new, 0.9, method=method)[1].all()

    lower, upper = net.predict_interval(new, 0.85, method=method)
    assert np.isfinite(lower[:, 0]).all()
    assert np.isfinite(upper[:, 0]).all()
    assert not net.predict_set(new, 0.5, method=method)[1].all()


@pytest.mark.parametrize("method", METHODS)
def test_columns_without_labels(new, method):
    X, y = made(60, ["regression"] * 3)
    y[:, 1] = np.nan
    with pytest.warns(UserWarning, match="no label"):
        net = MultiTaskNetRegressor(**NET).fit(X, y)
    lower, upper = net.predict_interval(new, method=method)
    assert np.isnan(lower[:, 1]).all()
    assert np.isnan(upper[:, 1]).all()
    assert (lower[:, [0, 2]] < upper[:, [0, 2]]).all()


@pytest.mark.parametrize("method", METHODS)
def test_constant_columns(new, method):
    X, _ = made(60)
    y = np.column_stack([np.full(60, 7.25).astype(object), np.full(60, "one")])
    net = MultiTaskNetEstimator(**NET).fit(X, y)
    lower, upper = net.predict_interval(new, method=method)
    assert_allclose(lower[:, 0], 7.25)
    assert_allclose(upper[:, 0], 7.25)
    assert net.predict_set(new, 0.99, method=method)[1].mean() > 0.8


def test_containers_of_intervals(frames):
    pd = pytest.importorskip("pandas")
    X, y = frames
    net = MultiTaskNetEstimator(**NET).fit(X, y)
    for bound in net.predict_interval(X[10:30]):
        pd.testing.assert_index_equal(bound.index, X.index[10:30])
        assert bound.columns.tolist() == y.columns.tolist()
        assert (bound.dtypes == np.float64).all()
        assert bound[["price", "rooms"]].notna().all(axis=None)
        assert bound[["town", "sold"]].isna().all(axis=None)
    one = MultiTaskNetEstimator(**NET).fit(X[y["price"].notna()], y["price"].dropna())
    for bound in one.predict_interval(X):
        assert isinstance(bound, np.ndarray)
        assert bound.shape == (90,)


def test_intervals_of_arrays_and_of_polars(new):
    X, y = made(60)
    y = np.column_stack([y[:, 0].astype(object), np.where(y[:, 1] > 1, "a", "b")])
    for bound in MultiTaskNetEstimator(**NET).fit(X, y).predict_interval(new):
        assert bound.shape == (40, 2)
        assert bound.dtype == np.float64
        assert_array_equal(np.isnan(bound), [[False, True]] * 40)
    pl = pytest.importorskip("polars")
    table = pl.DataFrame({"n": y[:, 0].tolist(), "c": y[:, 1].tolist()})
    net = MultiTaskNetEstimator(**NET).fit(pl.DataFrame(X), table)
    for bound in net.predict_interval(pl.DataFrame(new)):
        assert isinstance(bound, pl.DataFrame)
        assert bound.schema == {"n": pl.Float64, "c": pl.Float64}


def test_sparse_rows(new):
    X, y = made(60)
    dense = MultiTaskNetEstimator(**NET, scale_inputs=False).fit(X, y)
    loose = MultiTaskNetEstimator(**NET, scale_inputs=False)
    loose.fit(sparse.csr_array(X), y)
    for method in METHODS:
        assert_allclose(
            loose.predict_interval(sparse.csr_array(new), method=method),
            dense.predict_interval(new, method=method),
            rtol=1e-4,
        )


# Rows do not depend on each other, and nothing on chance


@pytest.mark.parametrize("method", METHODS)
def test_interval_of_a_row_does_not_depend_on_the_others(numbers, new, method):
    lower, upper = numbers.net.predict_interval(new, method=method)
    shuffled = np.random.default_rng(0).permutation(len(new))
    for rows in (shuffled, slice(5), [17]):
        low, high = numbers.net.predict_interval(new[rows], method=method)
        assert_allclose(low, lower[rows], rtol=1e-10)
        assert_allclose(high, upper[rows], rtol=1e-10)


@pytest.mark.parametrize("method", METHODS)
def test_set_of_a_row_does_not_depend_on_the_others(words, new, method):
    (sets,) = words.net.predict_set(new, method=method)
    shuffled = np.random.default_rng(0).permutation(len(new))
    for rows in (shuffled, slice(5), [17]):
        assert_array_equal(
            words.net.predict_set(new[rows], method=method)[0], sets[rows]
        )


def test_many_rows_are_predicted_in_parts(numbers, words, monkeypatch, new):
    expected = numbers.net.predict_interval(new), words.net.predict_set(new)
    monkeypatch.setattr("sklearn_mtl.estimators._fitted_stack.ROWS_AT_ONCE", 7)
    assert_allclose(numbers.net.predict_interval(new), expected[0], rtol=1e-10)
    assert_array_equal(words.net.predict_set(new), expected[1])


def test_same_random_state_same_intervals_and_sets(numbers, words, new):
    again = Fitted(MultiTaskNetRegressor, numbers.X, numbers.y).net
    assert_array_equal(again.oof_predictions_, numbers.net.oof_predictions_)
    assert again.oof_score_ == numbers.net.oof_score_
    other = Fitted(MultiTaskNetClassifier, words.X, words.y).net
    np.random.seed(3)  # noqa: NPY002
    for method in METHODS:
        for net in (again, numbers.net):
            assert_array_equal(
                net.predict_interval(new, method=method),
                numbers.net.predict_interval(new, method=method),
            )
        assert_array_equal(
            other.predict_set(new, method=method),
            words.net.predict_set(new, method=method),
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


# Sets of classes


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95])
def test_sets_cover_what_is_asked(several, coverage):
    for method in METHODS:
        shares = []
        for fitted, X, y in several:
            sets = fitted.net.predict_set(X, coverage, method=method)
            assert [s is None for s in sets] == [True, True, False]
            assert sets[2].shape == (len(X), 4)
            assert sets[2].dtype == bool
            shares.append(sets[2][np.arange(len(X)), y[:, 2].astype(int)].mean())
        least, most = (-0.04, 0.04) if method == "fold" else (-0.03, 0.08)
        assert coverage + least < np.mean(shares) < coverage + most


@pytest.mark.parametrize("method", METHODS)
def test_larger_sets_for_more(words, method):
    X = np.random.default_rng(2).normal(size=(500, 6))
    sizes, before = [], np.zeros((500, 4), dtype=bool)
    for coverage in (0.2, 0.5, 0.8, 0.9, 0.95):
        (sets,) = words.net.predict_set(X, coverage, method=method)
        assert (sets >= before).all()
        sizes.append(sets.sum(axis=1).mean())
        before = sets
    assert (np.diff(sizes) > 0).all()


def set_of_depth(probabilities, depth, draw):
    """Romano et al.'s S(x, u; tau): down from the likeliest until tau is reached."""
    order = sorted(range(len(probabilities)), key=lambda c: -probabilities[c])
    chosen, total = [], 0.0
    for c in order:
        chosen.append(c)
        total += probabilities[c]
        if total >= depth:
            # The last class is dropped as often as it overshoots.
            if draw > 1 - (total - depth) / probabilities[c]:
                chosen.pop()
            break
    return chosen


def score_of_label(probabilities, label, draw):
    """Romano et al.'s E: the least tau whose set holds the label."""
    above = sum(p for p in probabilities if p > probabilities[label])
    return above + draw * probabilities[label]


@pytest.mark.parametrize("coverage", [0.3, 0.6, 0.9, 0.97])
@pytest.mark.parametrize("method", METHODS)
def test_sets_are_those_of_romano_et_al(words, new, method, coverage):
    (sets,) = words.net.predict_set(new, coverage, method=method)
    labelled = ~np.isnan(words.y[:, 0])
    X, codes = words.X[labelled], words.y[labelled, 0].astype(int)
    held = (~words.trains).argmax(axis=0)
    on_rows, on_new = words.members(X, 0), words.members(new, 0)
    u = np.random.RandomState(0).uniform(size=len(X))
    scores = [
        score_of_label(on_rows[held[i], i], codes[i], u[i]) for i in range(len(X))
    ]
    features = words.net.feature_encoder_.transform(new, dtype=np.float64)
    which, last = row_draws(features)
    n = len(scores)
    for j in range(len(new)):
        if method == "fold":
            depth = sorted(scores)[int(np.ceil(coverage * (n + 1) - 1e-9)) - 1]
            chosen = set_of_depth(on_new[int(which[j] * 5), j], depth, last[j])
        else:
            chosen = []
            for c in range(4):
                beaten = sum(
                    scores[i] < score_of_label(on_new[held[i], j], c, last[j])
                    for i in range(n)
                )
                if beaten < coverage * (n + 1):
                    chosen.append(c)
        assert np.flatnonzero(sets[j]).tolist() == sorted(chosen)


def test_sets_may_be_empty_below_the_accuracy():
    X = np.random.default_rng(0).normal(size=(300, 2))
    y = np.where(X[:, 0] > 0, "up", "down")
    net = MultiTaskNetClassifier(**NET).fit(X, y)
    assert net.oof_score_ > 0.95
    sets = net.predict_set(X, 0.6)
    assert sets.shape == (300, 2)
    assert 0.3 < (sets.sum(axis=1) == 0).mean() < 0.45
    single = sets.sum(axis=1) == 1
    said = net.predict(X) == net.classes_[sets.argmax(axis=1)]
    assert said[single].mean() > 0.95


def test_sets_are_aligned_with_probabilities(frames):
    X, y = frames
    net = MultiTaskNetEstimator(**NET).fit(X, y)
    sets, probabilities = net.predict_set(X), net.predict_proba(X)
    for chosen, probability in zip(sets, probabilities, strict=True):
        assert (chosen is None) == (probability is None)
        if chosen is not None:
            assert chosen.shape == probability.shape


def test_estimators_offer_what_their_columns_have(numbers, words, frames):
    assert hasattr(MultiTaskNetEstimator(), "predict_interval")
    assert hasattr(MultiTaskNetEstimator(), "predict_set")
    assert hasattr(numbers.net, "predict_interval")
    assert not hasattr(numbers.net, "predict_set")
    assert hasattr(words.net, "predict_set")
    assert not hasattr(words.net, "predict_interval")
    net = MultiTaskNetEstimator(**NET)
    assert not hasattr(net.fit(words.X, words.y.astype(str)), "predict_interval")
    assert not hasattr(net.fit(*made(60, ["regression"])), "predict_set")


# Calibration


@pytest.fixture(scope="module")
def overconfident():
    """Return two nets, one calibrated, that trust themselves too much.

    One member that takes large steps through one epoch: it can keep no other epoch,
    and no other member tempers what it says.
    """
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2800, 4))
    flip = rng.random(len(X)) < 0.3
    words = np.where((X[:, 0] > 0) ^ flip, "a", np.where(X[:, 1] > 0, "b", "c"))
    y = np.column_stack([X[:, 0].astype(object), words])
    nets = [
        Fitted(
            X=X[:800],
            y=y[:800],
            calibrate=calibrate,
            hidden_layer_sizes=(64, 64),
            n_members=1,
            validation_fraction=0.5,
            alpha=0.0,
            learning_rate_init=0.05,
            batch_size=8,
            max_iter=1,
        )
        for calibrate in (False, True)
    ]
    return *nets, X[800:], y[800:]


def tempered(probabilities, temperature):
    powers = probabilities ** (1 / temperature)
    return powers / powers.sum(axis=-1, keepdims=True)


def test_temperature_is_the_best_of_a_grid(overconfident):
    plain, calibrated, _, _ = overconfident
    p = plain.out_of_fold(1)
    held_out = ~np.isnan(p[:, 0])
    assert held_out.sum() == 400
    p = p[held_out]
    codes = np.searchsorted(plain.net.classes_[1], plain.y[held_out, 1].astype(str))
    grid = np.exp(np.linspace(np.log(0.2), np.log(5), 3000))
    prior = 0.5 * (np.log(grid) / np.log(2)) ** 2
    cost = [-np.log(tempered(p, t)[np.arange(len(p)), codes]).sum() for t in grid]
    best = grid[np.argmin(cost + prior)]
    assert 1.5 < best < 4.9
    assert_array_equal(plain.net.temperature_, [1.0, 1.0])
    assert calibrated.net.temperature_[0] == 1.0
    assert calibrated.net.temperature_[1] == pytest.approx(best, rel=2e-3)


def test_calibration_mends_overconfidence(overconfident):
    plain, calibrated, X, y = overconfident
    labels = y[:, 1].astype(str)
    before, after = (f.net.predict_proba(X)[1] for f in (plain, calibrated))
    assert_allclose(after.sum(axis=1), 1)
    assert log_loss(labels, after) < log_loss(labels, before) - 0.02
    assert after.max(axis=1).mean() < before.max(axis=1).mean() - 0.05


def test_calibration_leaves_the_rest_as_it_was(overconfident):
    plain, calibrated, X, _ = overconfident
    assert_array_equal(
        plain.net.predict(X)[:, 0].astype(float),
        calibrated.net.predict(X)[:, 0].astype(float),
    )
    view = calibrated.net.estimators_[1]
    assert_array_equal(view.predict_proba(X), calibrated.net.predict_proba(X)[1])
    members = tempered(plain.members(X, 1), calibrated.net.temperature_[1])
    assert_allclose(members.mean(axis=0), view.predict_proba(X), rtol=1e-4, atol=1e-6)
    # A member's likeliest class stays so.
    assert plain.net.oof_score_ == calibrated.net.oof_score_


def test_calibration_sharpens_where_too_little_is_dared():
    """One epoch leaves the net near the prior, though the column is easy."""
    X = np.random.default_rng(0).normal(size=(200, 2))
    y = np.where(X[:, 0] > 0, "up", "down")
    parameters = {**NET, "max_iter": 2, "learning_rate_init": 1e-3}
    plain = MultiTaskNetClassifier(**parameters, calibrate=False).fit(X, y)
    sharp = MultiTaskNetClassifier(**parameters, calibrate=True).fit(X, y)
    assert 0.2 <= sharp.temperature_[0] < 0.7
    assert log_loss(y, sharp.predict_proba(X)) < log_loss(y, plain.predict_proba(X))


def test_nothing_to_calibrate_by():
    X, y = made(60, ["regression", "multiclass"])
    y[:, 1] = np.nan
    y[:3, 1] = 1
    net = MultiTaskNetEstimator(**NET, calibrate=True, task_types={1: "multiclass"})
    assert_array_equal(net.fit(X, y).temperature_, [1.0, 1.0])


def test_few_labels_say_little_of_the_temperature():
    """All six held-out labels of a perfect column would ask for the coldest one."""
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = np.where(X[:, 0] > 0, "up", "down")
    few = MultiTaskNetClassifier(**{**NET, "n_members": 1}).fit(X, y)
    assert 0.3 < few.temperature_[0] < 1.0


def test_auto_calibrates_where_rows_are_held_out():
    X, y = made(100, ["multiclass"])
    net = MultiTaskNetClassifier(**NET).fit(X, y)
    assert net.temperature_[0] != 1.0
    net.set_params(early_stopping=False).fit(X, y)
    assert_array_equal(net.temperature_, [1.0])
    net.set_params(early_stopping=True).partial_fit(X, y)
    assert_array_equal(net.temperature_, [1.0])


@pytest.mark.parametrize("method", METHODS)
def test_sets_of_calibrated_classes_cover_what_is_asked(overconfident, method):
    _, calibrated, X, y = overconfident
    _, sets = calibrated.net.predict_set(X, 0.8, method=method)
    codes = np.searchsorted(calibrated.net.classes_[1], y[:, 1].astype(str))
    assert 0.75 < sets[np.arange(len(X)), codes].mean() < 0.9


@pytest.mark.parametrize("kind", ["binary", "multiclass", "ordinal"])
def test_every_kind_of_classes_can_be_calibrated(kind, new):
    X, y = made(100, [kind])
    net = MultiTaskNetClassifier(**NET, calibrate=True, task_types=kind).fit(X, y)
    assert 0.2 <= net.temperature_[0] <= 5.0
    assert net.temperature_[0] != 1.0
    assert_allclose(net.predict_proba(new)[0].sum(axis=1), 1)


# Messages


@pytest.mark.parametrize("way", ["early_stopping", "partial_fit"])
def test_what_to_do_where_nothing_was_held_out(way, new):
    X, y = made(60)
    net = MultiTaskNetEstimator(**NET, task_types={1: "multiclass"})
    if way == "partial_fit":
        net.partial_fit(X, y)
    else:
        net.set_params(early_stopping=False).fit(X, y)
    for method in ("predict_interval", "predict_set"):
        with pytest.raises(ValueError, match=rf"{method}.*early_stopping=True.*X_val"):
            getattr(net, method)(new)


@pytest.mark.parametrize("method", ["predict_interval", "predict_set"])
@pytest.mark.parametrize("coverage", [0, 1, -0.1, 1.5, 90, np.nan, "0.9", None])
def test_coverage_out_of_range(method, coverage, numbers, words, new):
    net = words.net if method == "predict_set" else numbers.net
    with pytest.raises(ValueError, match="'coverage' parameter of") as error:
        getattr(net, method)(new, coverage)
    assert method in str(error.value)
    assert "in the range (0" in str(error.value)


@pytest.mark.parametrize("method", ["predict_interval", "predict_set"])
def test_method_that_there_is_not(method, numbers, words, new):
    net = words.net if method == "predict_set" else numbers.net
    with pytest.raises(ValueError, match=r"'method' parameter.*'cv\+'.*'fold'|'fold'"):
        getattr(net, method)(new, method="jackknife+")


@pytest.mark.parametrize("method", ["predict_interval", "predict_set"])
def test_before_fit(method, new):
    with pytest.raises(ValueError, match="not fitted"):
        getattr(MultiTaskNetEstimator(), method)(new)
