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


def test_bound_comes_near_the_density_and_samples_have_its_moments():
    """A mixture of factors: normal data whose density is known."""
    rng = np.random.default_rng(0)
    loadings = rng.normal(size=(2, 4))
    covariance = loadings.T @ loadings + 0.25 * np.eye(4)
    X = rng.multivariate_normal([7, 0, -3, 100], covariance, size=1500)
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(16, 3),
        **VARIATIONAL,
        n_members=2,
        learning_rate_init=0.003,
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
    X = rng.normal(size=(800, 2)) * [1.0, 5.0]
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(8, 2),
        **VARIATIONAL,
        dropout=0.0,
        learning_rate_init=0.005,
        n_members=2,
        random_state=0,
    ).fit(X, rng.normal(size=800))
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
