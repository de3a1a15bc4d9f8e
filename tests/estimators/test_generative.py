"""The distribution of X: scores of rows, and samples."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.stats import multivariate_normal
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from sklearn_mtl.nn import VariationalAutoencoder
from sklearn_mtl.tables import FeatureEncoder, RowMaker
from tests.estimators.helpers import TWO_LAYERS
from tests.helpers import homes, sales_of

pd = pytest.importorskip("pandas")

VARIATIONAL = {"reconstruction": VariationalAutoencoder()}


def test_sparse_X_is_reconstructed():
    rng = np.random.default_rng(0)
    X = sparse.random(100, 30, density=0.2, format="csr", rng=rng)
    y = np.asarray(X.sum(axis=1)).ravel()
    net = MultiTaskNetRegressor(**TWO_LAYERS, **VARIATIONAL).fit(X, y)
    assert sparse.issparse(net.sample(3, random_state=0))
    assert net.score_samples(X).shape == (100,)
    for n_samples in (10**12, 10**30):
        with pytest.raises(ValueError, match=f"n_samples={n_samples} rows of 30"):
            net.sample(n_samples)


def test_bound_comes_near_the_density_and_samples_have_its_moments():
    """A mixture of factors: normal data whose density is known."""
    rng = np.random.default_rng(0)
    loadings = rng.normal(size=(2, 4))
    covariance = loadings.T @ loadings + 0.25 * np.eye(4)
    X = rng.multivariate_normal([7, 0, -3, 100], covariance, size=800)
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(16, 3),
        **VARIATIONAL,
        n_members=2,
        learning_rate_init=0.01,
        max_iter=40,
        dropout=0.0,
        random_state=0,
    ).fit(X, X[:, 0])
    true = multivariate_normal([7, 0, -3, 100], covariance).logpdf(X).mean()
    apart = multivariate_normal(X.mean(0), np.diag(X.var(0))).logpdf(X).mean()

    bound = net.score_samples(X)

    assert apart + 0.5 * (true - apart) < bound.mean() < true + 0.1
    drawn = net.sample(4000, random_state=0)
    assert_allclose(drawn.mean(axis=0), X.mean(axis=0), atol=0.25)
    correlation = np.corrcoef(drawn.T), np.corrcoef(X.T)
    assert np.abs(correlation[0] - correlation[1]).max() < 0.3


def test_missing_numbers_are_integrated_over():
    """The bound of a row with a gap is one of the density of its other cells."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 2)) * [1.0, 5.0]
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(8, 2),
        **VARIATIONAL,
        dropout=0.0,
        learning_rate_init=0.02,
        max_iter=20,
        n_members=2,
        random_state=0,
    ).fit(X, rng.normal(size=600))
    gap = X.copy()
    gap[:, 1] = np.nan
    expected = multivariate_normal(0, 1).logpdf(X[:, 0]).mean()
    assert_allclose(net.score_samples(gap).mean(), expected, atol=0.15)


def test_a_row_is_scored_alike_in_any_company():
    X, y = homes(), sales_of(homes())
    net = MultiTaskNetEstimator(**TWO_LAYERS, **VARIATIONAL).fit(X, y)
    together = net.score_samples(X)
    assert np.isfinite(together).all()
    assert_allclose(net.score_samples(X.iloc[5:6])[0], together[5])
    odd = X.iloc[:1].assign(street="nowhere")
    assert net.score_samples(odd)[0] == -np.inf


def test_samples_are_rows_of_the_table():
    X, y = homes(), sales_of(homes())
    settings = TWO_LAYERS | {"max_categories": 4}
    net = MultiTaskNetEstimator(**settings, **VARIATIONAL).fit(X, y)

    drawn = net.sample(200, random_state=0)

    assert list(drawn.columns) == list(X.columns)
    assert (drawn.dtypes == X.dtypes).all()
    assert not drawn.isna().any().any()
    assert set(drawn["town"]) == {"Ely", "Ayr", "Rye"}
    assert len(set(drawn["street"])) > 4
    assert set(drawn["street"]) <= set(X["street"])
    assert set(drawn["unit"]) == {"m"}
    assert abs(drawn["size"].mean() - X["size"].mean()) < 10
    pd.testing.assert_frame_equal(drawn, net.sample(200, random_state=0))
    net.predict(drawn)


def test_samples_of_other_containers():
    pl = pytest.importorskip("polars")
    X = homes().drop(columns="garden")
    cells = X.astype(object).where(X.notna(), None)
    polars = pl.DataFrame({name: cells[name].tolist() for name in X})
    y = sales_of(homes()).to_numpy()
    drawn = MultiTaskNetEstimator(**TWO_LAYERS, **VARIATIONAL).fit(polars, y).sample(4)
    assert drawn.schema == polars.schema
    whole = np.random.default_rng(0).integers(9, size=(50, 3))
    net = MultiTaskNetRegressor(**TWO_LAYERS, **VARIATIONAL).fit(whole, whole[:, 0])
    assert net.sample(5).dtype == whole.dtype
    in_pipe = make_pipeline(FunctionTransformer(), clone(net)).fit(whole, whole[:, 0])
    assert in_pipe.score_samples(whole).shape == (50,)


def typed_tables():
    pa = pytest.importorskip("pyarrow")
    pl = pytest.importorskip("polars")
    rng = np.random.default_rng(0)
    z = rng.normal(size=60)
    days = pd.Series(pd.Timestamp("2020-01-01") + pd.to_timedelta(z.round(), unit="D"))
    near_the_end = np.clip(np.round(253 + 3 * z), 0, 255).astype("uint8")
    words = np.where(z > 0, "a", "b")
    yield pd.DataFrame(
        {
            "unsigned": near_the_end,
            "nullable": pd.array(near_the_end, "UInt8"),
            "arrow": pd.array(near_the_end, "uint8[pyarrow]"),
            "bytes": np.clip(np.round(-126 + 3 * z), -128, 127).astype("int8"),
            "flag": pd.array(z > 0, "boolean"),
            "float": pd.array(z, "Float64"),
            "string": pd.array(words, "string"),
            "category": pd.Categorical(words, ["b", "c", "a"], ordered=True),
            "day": days,
            "zone": days.dt.tz_localize("Asia/Tokyo"),
            "period": days.dt.to_period("D"),
        }
    )
    frame = pl.DataFrame(
        {
            "unsigned": near_the_end,
            "float": z.astype("float32"),
            "string": words,
            "category": pl.Series(words).cast(pl.Categorical),
            "date": pl.Series(days.to_numpy()).cast(pl.Date),
            "coarse": pl.Series(days.to_numpy()).cast(pl.Datetime("ms")),
            "zone": pl.Series(days.to_numpy()).dt.replace_time_zone("Asia/Tokyo"),
        }
    )
    yield frame
    codes = pa.array(words).dictionary_encode()
    yield frame.to_arrow().append_column("dictionary", codes)


@pytest.mark.parametrize("which", range(3))
def test_rows_that_are_drawn_have_the_types_of_X(which):
    X = list(typed_tables())[which]
    net = MultiTaskNetRegressor(**TWO_LAYERS, **VARIATIONAL)
    drawn = net.fit(X, np.arange(60.0)).sample(50, random_state=0)

    assert type(drawn) is type(X)
    if which == 0:
        pd.testing.assert_series_equal(drawn.dtypes, X.dtypes)
    else:
        assert drawn.schema == X.schema


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint64", "float32"])
def test_integers_that_are_drawn_stay_in_the_range_of_their_type(dtype):
    rng = np.random.default_rng(0)
    step = 2**56 if dtype == "uint64" else 1
    most = np.array(2**64 - 1 if dtype == "uint64" else 126, dtype)
    X = most - step * rng.integers(0, 9, (60, 2)).astype(dtype)
    net = MultiTaskNetRegressor(**TWO_LAYERS, **VARIATIONAL).fit(X, rng.normal(size=60))

    drawn = net.sample(200, random_state=0)

    assert drawn.dtype == X.dtype
    assert np.abs(drawn.astype(float) - float(most)).max() < 60 * step


@pytest.mark.parametrize("library", ["pandas", "polars", "arrow"])
def test_dates_that_are_drawn_show_the_clocks_of_their_zone(library):
    noon = pd.date_range("2020-06-01 12:00", periods=60, tz="Asia/Tokyo")
    X = pd.DataFrame({"when": noon, "x": np.arange(60.0)})
    if library == "arrow":
        X = X.astype({"when": "timestamp[us, Asia/Tokyo][pyarrow]"})
    if library == "polars":
        X = pytest.importorskip("polars").from_pandas(X)
    maker = RowMaker(X, FeatureEncoder().fit(X, np.ones(60)))

    drawn = maker.rows(np.zeros((1, 2)), np.zeros((1, 0), int), None)["when"]

    assert drawn.dtype == X["when"].dtype
    middle = pd.Timestamp(next(iter(drawn)))
    assert middle == pd.Timestamp("2020-07-01", tz="Asia/Tokyo")
