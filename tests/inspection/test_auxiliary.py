import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from sklearn_mtl.inspection import suggest_auxiliary
from tests.helpers import SMALL_NET

QUICK = SMALL_NET | {"hidden_layer_sizes": (8,), "max_iter": 2}


@pytest.fixture(scope="module")
def X():
    columns = np.random.default_rng(0).normal(size=(150, 5))
    return pd.DataFrame(columns, columns=list("klmno"))


@pytest.fixture(scope="module")
def y(X):
    """Two noisy views of one sum, and noise."""
    rng = np.random.default_rng(1)
    total = X.sum(axis=1)
    return pd.DataFrame(
        {
            "price": total + rng.normal(size=150),
            "noise": rng.normal(size=150),
            "value": np.where(total > 0, "high", "low"),
        }
    )


def test_each_column_is_tried_without_the_others_being_dropped(X, y):
    found = suggest_auxiliary(MultiTaskNetEstimator(**QUICK), X, y, cv=2)
    assert [(served.name, served.table) for served in found] == [
        ("price", "y"),
        ("noise", "y"),
        ("value", "y"),
    ]
    for served in found:
        assert served.gain == pytest.approx(served.learned - served.without)
        assert served.low <= served.gain <= served.high
    assert repr(found).count("\n") == 2
    assert found.as_frame().shape == (3, 9)
    assert found._repr_html_().count("<li>") == 3


def test_what_the_estimator_calls_auxiliary_is_tried(X, y):
    net = MultiTaskNetEstimator(**QUICK, auxiliary=["noise", "value"])
    found = suggest_auxiliary(net, X, y, cv=2)
    assert [served.name for served in found] == ["noise", "value"]
    assert found.served[0].learned == found.served[1].learned
    assert net.auxiliary == ["noise", "value"]


def test_columns_of_X_are_tried_as_outputs(X, y):
    net = MultiTaskNetEstimator(
        **QUICK, task_types=["regression", None, "binary"], task_weights=[1, 1, 2]
    )
    found = suggest_auxiliary(net, X, y, tasks=[], features=["k", 1], cv=2)
    assert [(served.name, served.table) for served in found] == [("k", "X"), ("l", "X")]
    assert found.served[0].without == found.served[1].without
    assert found.served[0].learned != found.served[1].learned


def test_a_column_of_y_by_itself_may_gain_by_one_of_X(X, y):
    net = MultiTaskNetRegressor(**QUICK)
    found = suggest_auxiliary(net, X.to_numpy(), y["price"], features=2, cv=2)
    assert [(served.name, served.table) for served in found] == [(2, "X")]


def test_what_helps_is_suggested_and_noise_is_not():
    """The column that is scored has few labels to learn from, and its twin has all."""
    rng, n_rows = np.random.default_rng(0), 1600
    X = rng.normal(size=(n_rows, 30))
    total = X @ rng.normal(size=30)
    y = pd.DataFrame({"scarce": total, "twin": total, "noise": rng.normal(size=n_rows)})
    y["scarce"] += rng.normal(size=n_rows)
    train = [np.arange(300 * k, 300 * k + 300) for k in range(5)]
    for rows in train:
        y.loc[rows[50:], "scarce"] = np.nan
    net = MultiTaskNetRegressor(
        **SMALL_NET | {"max_iter": 15}, n_bins=0, auxiliary=["twin", "noise"]
    )
    test = np.arange(1500, n_rows)
    found = suggest_auxiliary(net, X, y, cv=[(rows, test) for rows in train])
    assert found.suggested == ["twin"]


def test_members_stop_by_the_columns_that_are_scored(X, y):
    from sklearn_mtl.inspection._teams import _arranged
    from sklearn_mtl.training import ensemble, new_generator

    both = ensemble(2, task_weight=np.ones(3), generator=new_generator(0))
    members = _arranged(
        both, [(0, 1, 2), (0, 2)], [(0, 2), (0, 2)], np.array([1e9, 10, 1e9])
    )
    assert members.watched[0] == pytest.approx([1, 0, 1], abs=1e-6)
    assert members.watched[1] == pytest.approx([1, 1, 1])
    assert (members.task_weight > 0).tolist() == [[True] * 3, [True, False, True]] * 2


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"tasks": ["prise"]}, "tasks: 'prise' is no column of y"),
        ({"tasks": ["price", 0]}, "tasks names 'price' twice"),
        ({"tasks": []}, "no column to try"),
        ({"features": ["z"]}, "features: 'z' is no column of X"),
        ({"features": ["k", "k"]}, "features names 'k' twice"),
        ({"auxiliary": ["noise", "value"], "tasks": "price"}, "no column is predicted"),
        ({"categorical_features": [0], "features": "k"}, "categorical_features"),
    ],
)
def test_what_cannot_be_tried_is_told(X, y, settings, said):
    asked = {k: settings[k] for k in ("tasks", "features") if k in settings}
    of_net = {k: v for k, v in settings.items() if k not in asked}
    with pytest.raises(ValueError, match=said):
        suggest_auxiliary(MultiTaskNetEstimator(**QUICK, **of_net), X, y, **asked)


def test_columns_of_X_may_be_needed_by_steps_before_the_net(X, y):
    pipe = make_pipeline(StandardScaler(), MultiTaskNetRegressor(**QUICK))
    with pytest.raises(ValueError, match="steps of the Pipeline"):
        suggest_auxiliary(pipe, X, y[["price", "noise"]], features="k")
    assert len(suggest_auxiliary(pipe, X, y[["price", "noise"]], cv=2)) == 2
