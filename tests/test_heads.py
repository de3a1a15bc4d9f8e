"""Heads: private layers by column, links to shared units, and who uses which."""

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)
from sklearn_mtl.datasets import load_student_performance, make_multitask
from sklearn_mtl.nn import StackedLinear

pd = pytest.importorskip("pandas")

SMALL = {
    "hidden_layer_sizes": (8, 6),
    "n_members": 2,
    "max_iter": 3,
    "random_state": 0,
}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Nets this small lose more than they gain by several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def numbers():
    return make_multitask(80, n_features=5, n_tasks=3, random_state=0)


@pytest.fixture(scope="module")
def students():
    """Columns of mixed kinds, in an order that the training changes, with gaps."""
    X, y = load_student_performance(return_X_y=True, as_frame=True)
    y = y[["G3", "Mjob", "higher", "G1"]].rename(columns={"Mjob": "job"}).iloc[:150]
    y.iloc[:20, 0] = np.nan
    return X.iloc[:150], y


def sizes_of_columns(net):
    """Widths of the private layers that each column of y was given."""
    heads, layout = net.net_.module_.heads, net.net_.criterion_.layout
    sizes = {}
    for group, tasks in zip(heads.groups, heads.tasks_of_group, strict=True):
        layers = [] if isinstance(group, StackedLinear) else [group.first, *group.inner]
        widths = [layer.weight.shape[-1] for layer in layers]
        if layers:
            widths[0] //= len(tasks)
        sizes |= {net.tasks_[layout.order[t]].name_: tuple(widths) for t in tasks}
    return sizes


# Private layers by column


def test_each_column_has_the_layers_that_the_dict_gives_it(students):
    X, y = students
    net = MultiTaskNetEstimator(
        **SMALL, head_hidden_layer_sizes={"job": (5, 4), "G1": 3, "G3": [3]}
    ).fit(X, y)

    assert sizes_of_columns(net) == {
        "G3": (3,),
        "job": (5, 4),
        "higher": (),
        "G1": (3,),
    }
    assert net.predict(X).columns.tolist() == y.columns.tolist()
    assert np.isfinite(net.score(X, y))


def test_columns_of_an_array_go_by_position(numbers):
    net = MultiTaskNetRegressor(**SMALL, head_hidden_layer_sizes={2: (4,)})

    assert sizes_of_columns(net.fit(*numbers)) == {0: (), 1: (), 2: (4,)}


@pytest.mark.parametrize(
    ("by_column", "plain"), [({}, ()), ({0: 4, 1: (4,), 2: [4]}, 4), ({1: ()}, ())]
)
def test_columns_with_equal_layers_are_the_plain_network(numbers, by_column, plain):
    X, y = numbers
    nets = [
        MultiTaskNetRegressor(**SMALL, head_hidden_layer_sizes=sizes).fit(X, y)
        for sizes in (by_column, plain)
    ]

    assert_array_equal(nets[0].predict(X), nets[1].predict(X))


def test_columns_learn_under_private_layers_of_their_own():
    X, y = make_multitask(400, n_features=5, n_tasks=3, random_state=0)
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(32,),
        head_hidden_layer_sizes={0: (16,), 2: (16, 8)},
        n_members=2,
        max_iter=40,
        learning_rate_init=0.01,
        random_state=0,
    ).fit(X[:300], y[:300])

    scores = [view.score(X[300:], y[300:, t]) for t, view in enumerate(net.estimators_)]
    assert min(scores) > 0.5


def test_a_linear_trunk_with_one_private_layer_is_no_linear_network(numbers):
    net = MultiTaskNetRegressor(
        **(SMALL | {"hidden_layer_sizes": ()}), head_hidden_layer_sizes={0: 4}
    ).fit(*numbers)

    assert net.net_.module_.pieces is not None


def test_a_dict_is_cloned_searched_and_pickled(numbers):
    X, y = numbers
    net = MultiTaskNetRegressor(**SMALL, head_hidden_layer_sizes={1: (4,)})

    copied = clone(net)
    assert copied.get_params()["head_hidden_layer_sizes"] == {1: (4,)}
    grid = {"head_hidden_layer_sizes": [(), {1: (4,)}, {0: 3, 2: (3, 2)}]}
    search = GridSearchCV(net, grid, cv=2, error_score="raise").fit(X, y)
    assert len(set(search.cv_results_["mean_test_score"])) == 3
    copied.fit(X, y)
    assert_array_equal(pickle.loads(pickle.dumps(copied)).predict(X), copied.predict(X))


@pytest.mark.parametrize(
    "sizes", [{"job": (5,)}, {"job": (4, 4), "G1": 3}, (4,), {"job": (4,)}]
)
def test_warm_start_refuses_other_private_layers(students, sizes):
    before = {"job": (4,), "G1": 3}
    net = MultiTaskNetEstimator(
        **SMALL, head_hidden_layer_sizes=before, warm_start=True
    ).fit(*students)
    net.fit(*students)

    with pytest.raises(ValueError, match=r"head_hidden_layer_sizes=.*but the network"):
        net.set_params(head_hidden_layer_sizes=sizes).fit(*students)
    with pytest.raises(ValueError, match=r"has \{'job': \(4,\), 'G1': \(3,\)\}"):
        net.fit(*students)


def test_unknown_column_is_named_and_the_columns_are_listed(students):
    net = MultiTaskNetEstimator(**SMALL, head_hidden_layer_sizes={"G2": 4})

    with pytest.raises(ValueError, match=r"names 'G2'.*'G3', 'job', 'higher', 'G1'"):
        net.fit(*students)


@pytest.mark.parametrize("sizes", [0, (4, -1), 2.5, "4", None, ((4,), (3,))])
def test_sizes_that_are_none_name_their_column(students, sizes):
    net = MultiTaskNetEstimator(**SMALL, head_hidden_layer_sizes={"job": sizes})

    with pytest.raises(ValueError, match=r"head_hidden_layer_sizes\['job'\]=.*integer"):
        net.fit(*students)


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
        sharing="hard",
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
def test_links_that_are_cut_say_nothing(numbers, heads, solver):
    X, y = numbers
    net = MultiTaskNetRegressor(
        **SMALL,
        head_hidden_layer_sizes=heads,
        head_sparsity=1e4,
        solver=solver,
        sharing="hard",
    ).fit(X, y)

    assert (net.factor_usage_ == 0).all()
    assert np.ptp(net.predict(X), axis=0).max() < 1e-12


def test_sparsity_may_change_between_warm_starts(numbers):
    net = MultiTaskNetRegressor(**SMALL, warm_start=True, early_stopping=False)
    assert (net.fit(*numbers).factor_usage_ > 0).all()

    net.set_params(head_sparsity=1e4).fit(*numbers)

    assert (net.factor_usage_ == 0).all()


@pytest.mark.parametrize("value", [-0.1, "much", None])
def test_sparsity_out_of_range(numbers, value):
    with pytest.raises(ValueError, match="'head_sparsity' parameter"):
        MultiTaskNetRegressor(**SMALL, head_sparsity=value).fit(*numbers)


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
        **(SMALL | {"hidden_layer_sizes": hidden}),
        head_hidden_layer_sizes=heads,
        activation=activation,
        maxout_pieces=2,
        sharing="hard",
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
        for weight in first_weights(module, layout.inverse[t], layout.slices[t]):
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
        for group, tasks, own in zip(
            heads.groups, heads.tasks_of_group, heads.outputs_of_group, strict=True
        ):
            if task in tasks:
                heads, n_tasks = group, len(tasks)
                task = int(np.searchsorted(tasks, task))
                places = np.flatnonzero(np.isin(own, np.r_[outputs]))
                outputs = slice(places[0], places[-1] + 1)
                break
    else:
        n_tasks = len(module.rank_of_task)
    if isinstance(heads, StackedLinear):
        yield heads.weight[..., outputs]
        return
    by_piece = heads.first.weight.unflatten(-1, (heads.n_pieces, n_tasks, -1))
    for piece in range(heads.n_pieces):
        yield by_piece[..., piece, task, :]


def test_usage_knows_the_deviations_of_transform(numbers):
    X, y = numbers
    net = MultiTaskNetRegressor(**SMALL, sharing="hard").fit(X, y)
    weight = net.net_.module_.heads.weight.detach().double().abs().numpy()
    strength = weight.reshape(12, 3).T * net.transform(X).std(axis=0)

    expected = strength / strength.sum(axis=1, keepdims=True)
    assert_allclose(net.factor_usage_, expected, rtol=1e-4)


def test_rows_without_labels_tell_nothing(numbers):
    X, y = numbers
    more = np.vstack([X, 100 * X]), np.vstack([y, np.full_like(y, np.nan)])
    net = MultiTaskNetRegressor(**SMALL)

    assert_allclose(
        clone(net).fit(*more).factor_usage_, clone(net).fit(X, y).factor_usage_
    )


def test_usage_is_missing_where_nothing_was_learned():
    X, y = make_multitask(80, n_features=5, n_tasks=4, random_state=0)
    y[:, 0] = np.nan
    y[:, 1] = 3.0
    net = MultiTaskNetRegressor(**SMALL, task_weights=[None, None, 0, None])

    with pytest.warns(UserWarning, match="no label"):
        usage = net.fit(X, y).factor_usage_

    assert np.isnan(usage).all(axis=1).tolist() == [True, True, True, False]
    assert usage[3].sum() == pytest.approx(1.0)


def test_usage_is_missing_for_a_column_that_went_on_alone(numbers):
    net = MultiTaskNetRegressor(**SMALL).fit(*numbers)
    net.sharing_ = np.array(["shared", "own", "shared"])

    assert np.isnan(net.factor_usage_).any(axis=1).tolist() == [False, True, False]


def test_usage_of_classes_leaves_padding_out():
    """Columns of three and five classes share a block of five outputs each."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 3))
    y = np.column_stack([np.arange(90) % 3, np.arange(90) % 5])
    net = MultiTaskNetClassifier(**SMALL, sharing="hard").fit(X, y)
    layout = net.net_.criterion_.layout
    assert layout.padding.any()
    padded = layout.padding.numpy()
    before = net.factor_usage_

    with torch.no_grad():
        net.net_.module_.heads.weight[..., padded] = 7.0

    assert_array_equal(net.factor_usage_, before)


@pytest.mark.parametrize("kind", ["sparse", "frame", "float64", "partial_fit"])
def test_usage_is_there_after_any_fit(numbers, kind):
    X, y = numbers
    net = MultiTaskNetRegressor(**SMALL, sharing="hard")
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
