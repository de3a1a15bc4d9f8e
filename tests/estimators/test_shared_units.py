"""Shared units: as features, and which column rests on which."""

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)
from sklearn_mtl.datasets import load_student_performance, make_multitask
from sklearn_mtl.nn._private_heads import PrivateHeads
from tests.estimators.helpers import NARROW_LAYERS, TWO_LAYERS

pd = pytest.importorskip("pandas")


# The shared units as features


@pytest.fixture(scope="module")
def table():
    return make_multitask(200, n_tasks=3, random_state=0)


def test_heads_read_what_transform_returns(table):
    X, y = table
    net = MultiTaskNetRegressor(**TWO_LAYERS).fit(X, y)

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
    net = MultiTaskNetEstimator(**(TWO_LAYERS | {"hidden_layer_sizes": hidden})).fit(
        X, y
    )

    shared = net.set_output(transform="pandas").transform(X)

    names = net.get_feature_names_out()
    assert names[0] == "multitasknetestimator0"
    assert shared.columns.tolist() == names.tolist()
    assert shared.index.equals(X.index)
    assert np.isfinite(shared.to_numpy()).all()


def test_rows_do_not_depend_on_each_other_nor_on_sparsity(table):
    X, y = table
    X = np.where(np.abs(X) > 1, X, 0.0)
    net = MultiTaskNetRegressor(**TWO_LAYERS, scale_inputs=False, n_bins=0)
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


# Columns choose among the units


@pytest.fixture(scope="module")
def two_worlds():
    """Three columns of the first four features, three of the last four."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 8))
    of_first, of_last = (
        np.tanh(X[:, own] @ rng.normal(size=(4, 2))) @ rng.normal(size=(2, 3))
        for own in (slice(4), slice(4, 8))
    )
    y = np.column_stack([of_first, of_last])
    return X, y + 0.1 * rng.normal(size=y.shape)


def fit_two_worlds(X, y, **params):
    return MultiTaskNetRegressor(
        hidden_layer_sizes=(32, 16),
        n_members=2,
        n_bins=0,
        dropout=0.0,
        own_nets="never",
        max_iter=100,
        learning_rate_init=0.003,
        random_state=0,
        **params,
    ).fit(X[:400], y[:400])


def overlap(net):
    usage = net.factor_usage_
    return np.minimum(usage[:3].mean(axis=0), usage[3:].mean(axis=0)).sum()


def test_columns_of_other_factors_part_their_units(two_worlds):
    X, y = two_worlds

    dense = fit_two_worlds(X, y)
    thin = fit_two_worlds(X, y, head_sparsity=0.3)

    assert (dense.factor_usage_ > 0).all()
    assert (thin.factor_usage_ == 0).mean() > 0.3
    assert overlap(dense) > 0.4
    assert overlap(thin) < 0.1
    assert thin.score(X[400:], y[400:]) > dense.score(X[400:], y[400:]) - 0.01


@pytest.mark.parametrize("heads", [(), (4,), {0: (4,), 2: (5, 3)}])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_links_that_are_cut_say_nothing(three_numbers, heads, solver):
    X, y = three_numbers
    net = MultiTaskNetRegressor(
        **NARROW_LAYERS,
        head_hidden_layer_sizes=heads,
        head_sparsity=1e4,
        solver=solver,
        own_nets="never",
    ).fit(X, y)

    assert (net.factor_usage_ == 0).all()
    assert np.ptp(net.predict(X), axis=0).max() < 1e-12


@pytest.mark.parametrize("value", [-0.1, "much", None])
def test_sparsity_out_of_range(three_numbers, value):
    with pytest.raises(ValueError, match="'head_sparsity' parameter"):
        MultiTaskNetRegressor(**NARROW_LAYERS, head_sparsity=value).fit(*three_numbers)


# Which column rests on which unit


def test_usage_of_a_linear_net_is_known():
    """Weights (3, 4) and (0, 5) over inputs whose deviations are 1 and 0.5."""
    X = np.column_stack([np.tile([-1.0, 1.0], 50), np.repeat([-0.5, 0.5], 50)])
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(),
        scale_inputs=False,
        n_members=1,
        early_stopping=False,
        max_iter=1,
        dtype="float64",
        random_state=0,
    ).fit(X, X)
    weight = net.net_.module_.heads.weight
    with torch.no_grad():
        weight.copy_(torch.tensor([[[3.0, 0.0], [-4.0, 5.0]]]))

    assert_allclose(net.factor_usage_, [[0.6, 0.4], [0.0, 1.0]])


@pytest.mark.parametrize("hidden", [(8, 6), ()])
@pytest.mark.parametrize("heads", [(), (4,), {"job": (5, 4), "G1": 3}])
@pytest.mark.parametrize("activation", ["relu", "maxout"])
def test_usage_follows_units_and_weights_in_their_order(
    students, hidden, heads, activation
):
    X, y = students
    net = MultiTaskNetEstimator(
        **(NARROW_LAYERS | {"hidden_layer_sizes": hidden}),
        head_hidden_layer_sizes=heads,
        activation=activation,
        maxout_pieces=2,
        own_nets="never",
    ).fit(X, y)
    module, layout = net.net_.module_, net.net_.criterion_.layout
    deviation = net.transform(X).std(axis=0)

    usage = net.factor_usage_

    assert usage.shape == (4, len(net.get_feature_names_out()))
    assert_allclose(usage.sum(axis=1), 1.0)
    # Taking a unit's links away takes away its share, of its column alone.
    unit, t = int(deviation.argmax()), 1
    member, place = divmod(unit, module.n_shared)
    with torch.no_grad():
        for weight in first_weights(module, t, layout.slices[t]):
            weight[member, place] = 0.0
    thinner = net.factor_usage_
    expected = usage.copy()
    expected[t, unit] = 0.0
    expected[t] /= expected[t].sum()
    assert usage[t, unit] > 0
    assert_allclose(thinner, expected)


def first_weights(module, task, outputs):
    """Yield views (K, h, columns) of the weights into the head of a task."""
    heads = module.heads
    if hasattr(heads, "groups"):
        for group, own in zip(heads.groups, heads.outputs_of_group, strict=True):
            if task in group.tasks:
                heads = group
                positions = np.flatnonzero(np.isin(own, np.r_[outputs]))
                outputs = slice(positions[0], positions[-1] + 1)
                break
    if not isinstance(heads, PrivateHeads):
        yield heads.weight[..., outputs]
        return
    rank, shape = list(heads.tasks).index(task), (heads.n_pieces, len(heads.tasks), -1)
    by_piece = heads.first.weight.unflatten(-1, shape)
    for piece in range(heads.n_pieces):
        yield by_piece[..., piece, rank, :]


def test_usage_knows_the_deviations_of_transform(three_numbers):
    X, y = three_numbers
    net = MultiTaskNetRegressor(**NARROW_LAYERS, own_nets="never").fit(X, y)
    weight = net.net_.module_.heads.weight.detach().double().abs().numpy()
    strength = weight.reshape(12, 3).T * net.transform(X).std(axis=0)

    expected = strength / strength.sum(axis=1, keepdims=True)
    assert_allclose(net.factor_usage_, expected, rtol=1e-4)


def test_rows_without_labels_tell_nothing(three_numbers):
    X, y = three_numbers
    more = np.vstack([X, 100 * X]), np.vstack([y, np.full_like(y, np.nan)])
    net = MultiTaskNetRegressor(**NARROW_LAYERS)

    assert_allclose(
        clone(net).fit(*more).factor_usage_, clone(net).fit(X, y).factor_usage_
    )


def test_usage_is_missing_where_nothing_was_learned():
    X, y = make_multitask(80, n_features=5, n_tasks=4, random_state=0)
    y[:, 0] = np.nan
    y[:, 1] = 3.0
    net = MultiTaskNetRegressor(**NARROW_LAYERS, task_weights=[None, None, 0, None])

    with pytest.warns(UserWarning, match="no label"):
        usage = net.fit(X, y).factor_usage_

    assert np.isnan(usage).all(axis=1).tolist() == [True, True, True, False]
    assert usage[3].sum() == pytest.approx(1.0)


def test_usage_is_missing_for_a_column_that_went_on_alone(three_numbers):
    net = MultiTaskNetRegressor(**NARROW_LAYERS).fit(*three_numbers)
    net.sharing_ = np.array(["shared", "own", "shared"])

    assert np.isnan(net.factor_usage_).any(axis=1).tolist() == [False, True, False]


def test_usage_of_classes_leaves_padding_out():
    """Columns of three and five classes share a block of five outputs each."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 3))
    y = np.column_stack([np.arange(90) % 3, np.arange(90) % 5])
    net = MultiTaskNetClassifier(**NARROW_LAYERS, own_nets="never").fit(X, y)
    layout = net.net_.criterion_.layout
    assert layout.padding.any()
    padded = layout.padding.numpy()
    before = net.factor_usage_

    with torch.no_grad():
        net.net_.module_.heads.weight[..., padded] = 7.0

    assert_array_equal(net.factor_usage_, before)


@pytest.mark.parametrize("kind", ["sparse", "frame", "float64", "partial_fit"])
def test_usage_is_there_after_any_fit(three_numbers, kind):
    X, y = three_numbers
    net = MultiTaskNetRegressor(**NARROW_LAYERS, own_nets="never")
    if kind == "sparse":
        net.set_params(scale_inputs=False, n_bins=0).fit(sparse.csr_matrix(X), y)
    elif kind == "frame":
        net.fit(pd.DataFrame(X), pd.DataFrame(y, columns=list("abc")))
    elif kind == "partial_fit":
        net.partial_fit(X, y).partial_fit(X, y)
    else:
        net.set_params(dtype="float64").fit(X, y)

    usage = pickle.loads(pickle.dumps(net)).factor_usage_

    assert_array_equal(usage, net.factor_usage_)
    assert_allclose(usage.sum(axis=1), 1.0)
