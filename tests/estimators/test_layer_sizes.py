"""Sizes of layers: shared ones, and private ones by column."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from sklearn_mtl.datasets import make_multitask
from sklearn_mtl.nn._private_heads import PrivateHeads
from tests.estimators.helpers import NARROW_LAYERS

# Layers of all columns


@pytest.mark.parametrize("sizes", [(), 8, (8,), [8, 4], np.array([8])])
@pytest.mark.parametrize("heads", [(), 4, (4, 4)])
def test_widths_of_layers(X, mixed, sizes, heads):
    net = MultiTaskNetEstimator(
        hidden_layer_sizes=sizes,
        head_hidden_layer_sizes=heads,
        n_members=1,
        max_iter=2,
        random_state=0,
    ).fit(X, mixed)
    assert net.predict(X).shape == (60, 3)


def sizes_of_columns(net):
    """Widths of the private layers that each column of y was given."""
    sizes = {}
    for group in net.net_.module_.heads.groups:
        private = isinstance(group, PrivateHeads)
        layers = [group.first, *group.inner] if private else []
        widths = [layer.weight.shape[-1] for layer in layers]
        if layers:
            widths[0] //= len(group.tasks)
        sizes |= {net.tasks_[t].name_: tuple(widths) for t in group.tasks}
    return sizes


# Private layers by column


def test_each_column_has_the_layers_that_the_dict_gives_it(students):
    X, y = students
    net = MultiTaskNetEstimator(
        **NARROW_LAYERS, head_hidden_layer_sizes={"job": (5, 4), "G1": 3, "G3": [3]}
    ).fit(X, y)

    assert sizes_of_columns(net) == {
        "G3": (3,),
        "job": (5, 4),
        "higher": (),
        "G1": (3,),
    }
    assert net.predict(X).columns.tolist() == y.columns.tolist()
    assert np.isfinite(net.score(X, y))


def test_columns_of_an_array_go_by_position(three_numbers):
    net = MultiTaskNetRegressor(**NARROW_LAYERS, head_hidden_layer_sizes={2: (4,)})

    assert sizes_of_columns(net.fit(*three_numbers)) == {0: (), 1: (), 2: (4,)}


@pytest.mark.parametrize(
    ("by_column", "plain"), [({}, ()), ({0: 4, 1: (4,), 2: [4]}, 4), ({1: ()}, ())]
)
def test_columns_with_equal_layers_are_the_plain_network(
    three_numbers, by_column, plain
):
    X, y = three_numbers
    nets = [
        MultiTaskNetRegressor(**NARROW_LAYERS, head_hidden_layer_sizes=sizes).fit(X, y)
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


def test_a_linear_trunk_with_one_private_layer_is_no_linear_network(three_numbers):
    net = MultiTaskNetRegressor(
        **(NARROW_LAYERS | {"hidden_layer_sizes": ()}), head_hidden_layer_sizes={0: 4}
    ).fit(*three_numbers)

    assert net.net_.module_.inputs.bins is not None


def test_a_dict_is_cloned_searched_and_pickled(three_numbers):
    X, y = three_numbers
    net = MultiTaskNetRegressor(**NARROW_LAYERS, head_hidden_layer_sizes={1: (4,)})

    copied = clone(net)
    assert copied.get_params()["head_hidden_layer_sizes"] == {1: (4,)}
    grid = {"head_hidden_layer_sizes": [(), {1: (4,)}, {0: 3, 2: (3, 2)}]}
    search = GridSearchCV(net, grid, cv=2, error_score="raise").fit(X, y)
    assert len(set(search.cv_results_["mean_test_score"])) == 3
    copied.fit(X, y)
    assert_array_equal(pickle.loads(pickle.dumps(copied)).predict(X), copied.predict(X))


def test_unknown_column_is_named_and_the_columns_are_listed(students):
    net = MultiTaskNetEstimator(**NARROW_LAYERS, head_hidden_layer_sizes={"G2": 4})

    with pytest.raises(ValueError, match=r"names 'G2'.*'G3', 'job', 'higher', 'G1'"):
        net.fit(*students)


@pytest.mark.parametrize("sizes", [0, (4, -1), 2.5, "4", None, ((4,), (3,))])
def test_sizes_that_are_none_name_their_column(students, sizes):
    net = MultiTaskNetEstimator(**NARROW_LAYERS, head_hidden_layer_sizes={"job": sizes})

    with pytest.raises(ValueError, match=r"head_hidden_layer_sizes\['job'\]=.*integer"):
        net.fit(*students)
