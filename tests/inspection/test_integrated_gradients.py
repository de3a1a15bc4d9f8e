"""What moved the prediction of a row sums to how far it moved."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from sklearn_mtl.inspection import feature_importances, integrated_gradients
from tests.estimators.helpers import slow_among_noise
from tests.estimators.test_own_net import QUICK
from tests.helpers import homes, of_objects

TINY = {"hidden_layer_sizes": (8,), "n_members": 2, "max_iter": 4, "random_state": 0}
X = np.random.default_rng(0).normal(size=(60, 3))


def check_complete(found, tol=5e-3):
    for added, at_row, at_start in zip(
        found.attributions, found.predictions, found.baseline_predictions, strict=True
    ):
        assert np.abs(at_row - at_start - added.sum(axis=1)).max() <= tol * 1.001


def test_linear_net_by_hand():
    y = X @ [[1.0, 0.0], [-2.0, 3.0], [0.0, 0.5]] + 4.0
    net = MultiTaskNetRegressor(**{**TINY, "hidden_layer_sizes": ()}).fit(X, y)
    weight = net.predict(np.eye(3)) - net.predict(np.zeros((1, 3)))
    baseline = X[5:6]

    found = integrated_gradients(net, X[:5], baseline=baseline)
    from_mean = integrated_gradients(net, X[:5])

    for t in range(2):
        expected = weight[:, t] * (X[:5] - baseline)
        assert np.allclose(found.attributions[t], expected, atol=1e-6)
        expected = weight[:, t] * (X[:5] - X.mean(axis=0))
        assert np.allclose(from_mean.attributions[t], expected, atol=1e-6)
    assert found.gap.max() < 1e-6


@pytest.fixture(scope="module")
def mixed():
    """Every kind of column of X, and columns of y of many kinds."""
    rows = homes(120)
    rows["sold"] = pd.date_range("2024-01-01", periods=120, freq="5D")
    size = rows["size"].fillna(50)
    y = pd.DataFrame(
        {
            "price": size + rows["rooms"],
            "kind": np.where(size > 60, "large", np.where(size > 40, "mid", "small")),
            "visits": np.round(size / 20),
            "day": of_objects(*[f">{v:.0f}" if v > 60 else float(v) for v in size]),
            "grade": np.clip(np.round(size / 20), 1, 4),
        },
        index=rows.index,
    )
    kinds = ["regression", "multiclass", "count", "survival", "ordinal"]
    settings = {**TINY, "task_types": kinds, "n_bins": 4}
    return MultiTaskNetEstimator(**settings).fit(rows, y), rows


def test_sums_fit_for_every_kind_of_column(mixed):
    net, rows = mixed
    found = integrated_gradients(net, rows[:9], tol=1e-4)
    units = np.where(np.isnan(net.residual_std_), 1.0, net.residual_std_)
    assert found.gap.shape == (9, 5)
    assert (found.gap <= 1e-4 * units).all()
    check_complete(found, 1e-4 * units.max())
    assert found.attributions[1].shape == (9, rows.shape[1], 3)
    assert found.feature_names == list(rows.columns)
    predicted = net.predict(rows[:9])
    assert np.allclose(found.predictions[0], predicted["price"])
    assert np.allclose(found.predictions[4], net.predict_proba(rows[:9])[4])
    # Probabilities sum to one: what is added to one is taken from others.
    assert np.abs(found.attributions[1].sum(axis=2)).max() < 1e-8


def test_columns_that_do_not_move_add_nothing(mixed):
    net, rows = mixed
    baseline = rows[:3].copy()
    baseline["size"] = [10.0, 90.0, np.nan]
    found = integrated_gradients(net, rows[:3], baseline=baseline)
    others = rows.columns != "size"
    assert all((added[:, others] == 0).all() for added in found.attributions)
    assert (found.attributions[0][:2, ~others] != 0).all()


def test_rows_do_not_depend_on_those_beside(mixed):
    net, rows = mixed
    alone = integrated_gradients(net, rows[4:5])
    among = integrated_gradients(net, rows[:9])
    for own, all_rows in zip(alone.attributions, among.attributions, strict=True):
        assert np.allclose(own[0], all_rows[4], atol=1e-9)


def test_sparse_rows_and_pipelines():
    y = np.column_stack([X[:, 0], np.abs(X[:, 1])])
    rows = sparse.csr_matrix(X * (X > 0))
    net = MultiTaskNetRegressor(**TINY, activation="tanh").fit(rows, y)
    found = integrated_gradients(net, rows[:4])
    check_complete(found)
    assert np.allclose(np.column_stack(found.predictions), net.predict(rows[:4]))
    pipe = make_pipeline(StandardScaler(), MultiTaskNetRegressor(**TINY)).fit(X, y)
    check_complete(integrated_gradients(pipe, X[:4], baseline=X[4:8]))


def test_column_that_went_on_alone():
    rows, y = slow_among_noise()
    net = MultiTaskNetEstimator(**QUICK).fit(rows, y)
    assert (net.sharing_ == "own").any()
    found = integrated_gradients(net, rows[:2])
    assert (found.gap <= 0.005 * net.residual_std_).all()
    assert np.allclose(np.column_stack(found.predictions), net.predict(rows[:2]))
    importances = feature_importances(net, rows, y, features=[0], n_repeats=1)
    assert np.isfinite(importances.importances).all()


def test_bad_arguments(mixed):
    net, rows = mixed
    with pytest.raises(ValueError, match="baseline has 3 rows, but X has 5"):
        integrated_gradients(net, rows[:5], baseline=rows[:3])
    with pytest.raises(ValueError, match="'tol' parameter"):
        integrated_gradients(net, rows[:5], tol=0)
    with pytest.raises(TypeError, match="LinearRegression"):
        integrated_gradients(LinearRegression(), X)
    with pytest.warns(UserWarning, match="miss more than tol"):
        integrated_gradients(net, rows[:5], n_steps=1, max_steps=1, tol=1e-6)
