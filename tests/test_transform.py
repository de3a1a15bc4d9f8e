"""The shared representation as features for what comes after."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from sklearn_mtl.datasets import load_student_performance, make_multitask

pd = pytest.importorskip("pandas")

SMALL = {
    "hidden_layer_sizes": (16, 8),
    "n_members": 2,
    "max_iter": 5,
    "random_state": 0,
}


@pytest.fixture(scope="module")
def table():
    return make_multitask(200, n_tasks=3, random_state=0)


def test_heads_read_what_transform_returns(table):
    X, y = table
    net = MultiTaskNetRegressor(**SMALL).fit(X, y)

    shared = net.transform(X).reshape(len(X), 2, 8)

    heads = net.net_.module_.heads
    weight, bias = (p.detach().double().numpy() for p in (heads.weight, heads.bias))
    raw = np.einsum("nkh,khc->knc", shared, weight) + bias
    mean = np.array([task.mean_ for task in net.tasks_])
    scale = np.array([task.scale_ for task in net.tasks_])
    assert_allclose(net.predict(X), raw.mean(axis=0) * scale + mean)


@pytest.mark.parametrize("hidden", [(16, 8), ()])
def test_columns_are_named_and_a_frame_keeps_its_index(hidden):
    X, y = load_student_performance(return_X_y=True, as_frame=True)
    X, y = X.iloc[100:200], y[["G3", "higher"]].iloc[100:200]
    net = MultiTaskNetEstimator(**(SMALL | {"hidden_layer_sizes": hidden})).fit(X, y)

    shared = net.set_output(transform="pandas").transform(X)

    names = net.get_feature_names_out()
    assert names[0] == "multitasknetestimator0"
    assert shared.columns.tolist() == names.tolist()
    assert shared.index.equals(X.index)
    assert np.isfinite(shared.to_numpy()).all()


def test_rows_do_not_depend_on_each_other_nor_on_sparsity(table):
    X, y = table
    X = np.where(np.abs(X) > 1, X, 0.0)
    net = MultiTaskNetRegressor(**SMALL, scale_inputs=False, n_bins=0)
    net.fit(sparse.csr_matrix(X), y)

    assert_allclose(net.transform(sparse.csr_matrix(X)), net.transform(X))
    assert_allclose(net.transform(X[:1]), net.transform(X)[:1])


def test_it_is_a_step_of_a_pipeline():
    X, y = make_multitask(300, n_features=5, n_tasks=3, random_state=0)
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(32, 16),
        n_members=2,
        max_iter=20,
        learning_rate_init=0.01,
        random_state=0,
    )

    score = cross_val_score(make_pipeline(net, Ridge()), X, y, cv=3).mean()

    assert score > cross_val_score(Ridge(), X, y, cv=3).mean() + 0.2
