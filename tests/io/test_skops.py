"""skops stores fitted estimators, and trusts a short list of types."""

import pickle

import pytest
from sklearn import config_context
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_mtl import (
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
    balancing,
    metrics,
    model_selection,
    nn,
    tasks,
)
from sklearn_mtl.io import TRUSTED_TYPES
from tests.io.models import MODELS, SMALL, answers, assert_same, numbers

skops_io = pytest.importorskip("skops.io", reason="skops is not installed")

UNLIKE = [
    "numbers",
    "mixed",
    "classes",
    "nullable",
    "polars",
    "sparse",
    "generative",
    "groups",
    "uncertainty",
    "folds",
]


@pytest.mark.parametrize("name", UNLIKE)
def test_the_trusted_types_suffice(name):
    net, X, y = MODELS[name]()
    again = skops_io.loads(skops_io.dumps(net), trusted=TRUSTED_TYPES)
    assert_same(answers(again, X, y), answers(net, X, y))


def test_what_is_ones_own_is_asked_for_by_name():
    net, X, _ = MODELS["own sharing"]()
    stored = skops_io.dumps(net)
    asked = set(skops_io.get_untrusted_types(data=stored)) - set(TRUSTED_TYPES)

    assert asked == {"tests.io.models.Scale", "tests.io.models.Scaled"}
    again = skops_io.loads(stored, trusted=[*TRUSTED_TYPES, *asked])
    assert_same(again.predict(X), net.predict(X))


def test_pipelines_and_views():
    X, y = numbers()
    pipe = make_pipeline(StandardScaler(), MultiTaskNetRegressor(**SMALL)).fit(X, y)
    view = pipe[-1].estimators_[1]
    for one in (pipe, view):
        again = skops_io.loads(skops_io.dumps(one), trusted=TRUSTED_TYPES)
        assert_same(again.predict(X), one.predict(X))


def test_training_goes_on_as_after_a_pickle():
    net, X, y = MODELS["draws"]()
    copies = [
        skops_io.loads(skops_io.dumps(net), trusted=TRUSTED_TYPES),
        pickle.loads(pickle.dumps(net)),
    ]
    found = [one.partial_fit(X, y).predict(X) for one in copies]
    assert_same(*found)


def test_searches():
    X, y = numbers()
    net = MultiTaskNetRegressor(**SMALL)
    search = model_selection.StackedGridSearchCV(net, {"alpha": [0.0, 0.1]}, cv=2)
    stored = skops_io.dumps(search.fit(X, y))

    asked = set(skops_io.get_untrusted_types(data=stored)) - set(TRUSTED_TYPES)
    again = skops_io.loads(stored, trusted=[*TRUSTED_TYPES, *asked])

    assert all(name.startswith("sklearn.") for name in asked)
    assert again.best_params_ == search.best_params_
    assert_same(again.predict(X), search.predict(X))


def searches():
    kinds = [getattr(model_selection, name) for name in model_selection.__all__]
    return [k for k in kinds if isinstance(k, type) and issubclass(k, BaseSearchCV)]


def splitters():
    kinds = [getattr(model_selection, name) for name in model_selection.__all__]
    return [k() for k in kinds if isinstance(k, type) and k not in searches()]


def instances_of(room, base):
    """One of each public class of a room that can be a parameter."""
    kinds = [getattr(room, name) for name in room.__all__]
    kinds = [k for k in kinds if isinstance(k, type) and issubclass(k, base)]
    return [k() for k in kinds if not getattr(k, "__abstractmethods__", None)]


def together():
    """Nets of columns that belong together; skops takes no tuples that name some."""
    _, X, y = MODELS["together"]()
    return [
        MultiTaskNetEstimator(**SMALL, task_types=kind).fit(X, y[:, own])
        for kind, own in ((tasks.Simplex(), [1, 2]), (tasks.ClassTree(), [3, 0]))
    ]


def test_columns_that_belong_together():
    for net in together():
        again = skops_io.loads(skops_io.dumps(net), trusted=TRUSTED_TYPES)
        assert_same(again.predict(numbers()[0]), net.predict(numbers()[0]))


def test_no_type_is_trusted_that_no_file_holds():
    net, _, _ = MODELS["mixed"]()
    with config_context(enable_metadata_routing=True):
        asks = MultiTaskNetRegressor().set_fit_request(groups=True)
    several = {
        "a": metrics.make_task_scorer("skill"),
        "b": metrics.task_scorers(),
        "tasks": [tasks.KINDS[kind]() for kind in tasks.KINDS],
        "balancing": [kind() for kind in balancing.BALANCING.values()],
        "sharing": [kind() for kind in nn.SHARING.values()],
        "reconstruction": [nn.Autoencoder(), nn.VariationalAutoencoder()],
        "cv": splitters(),
        "searches": [kind(net, {}) for kind in searches()],
        "views": net.estimators_,
        "nets": [MODELS[n]()[0] for n in ("numbers", "classes")],
        "groups": [tasks.Simplex(), tasks.ClassTree()],
        "requests": asks,
    }
    held = skops_io.get_untrusted_types(data=skops_io.dumps(several))
    assert set(TRUSTED_TYPES) <= set(held)
    assert len(TRUSTED_TYPES) == len(set(TRUSTED_TYPES))
