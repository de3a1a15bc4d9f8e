"""Out-of-fold predictions are those of a loop over the folds."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit
from sklearn.model_selection import cross_val_predict as of_scikit_learn
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_mtl import MultiTaskNetClassifier, MultiTaskNetEstimator
from sklearn_mtl.model_selection import cross_val_predict

SMALL = {"hidden_layer_sizes": (4,), "n_members": 2, "max_iter": 2, "random_state": 0}
CITIES = ["Lyon", "Oslo", "Rome"]


@pytest.fixture(scope="module")
def X():
    index = [f"row {i}" for i in range(90)]
    return pd.DataFrame(np.random.default_rng(0).normal(size=(90, 3)), index)


@pytest.fixture(scope="module")
def y(X):
    rng = np.random.default_rng(1)
    y = pd.DataFrame({"num": X[0], "city": rng.choice(CITIES, 90)}, X.index)
    y.loc[y.index[::3], "city"] = None
    return y


@pytest.mark.parametrize("scaled", [False, True])
def test_probabilities_of_mixed_columns_are_those_of_a_loop(X, y, scaled):
    net = MultiTaskNetEstimator(**SMALL)
    net = make_pipeline(StandardScaler(), net) if scaled else net

    number, city = cross_val_predict(net, X, y, cv=KFold(3), method="predict_proba")

    assert number is None
    assert city.columns.tolist() == CITIES
    pd.testing.assert_index_equal(city.index, y.index)
    for train, test in KFold(3).split(X):
        fitted = clone(net).fit(X.iloc[train], y.iloc[train])
        assert_allclose(city.iloc[test], fitted.predict_proba(X.iloc[test])[1])


@pytest.mark.parametrize("shape", ["frame", "array", "list", "series"])
def test_predictions_come_back_in_the_container_of_y(X, y, shape):
    passed = {
        "frame": y,
        "array": y.to_numpy(),
        "list": y.to_numpy().tolist(),
        "series": y["city"],
    }[shape]
    net = MultiTaskNetEstimator(**SMALL)

    predicted = cross_val_predict(net, X, passed, cv=3)

    assert np.shape(predicted) == np.shape(passed)
    if shape == "frame":
        pd.testing.assert_index_equal(predicted.index, y.index)
        assert predicted.dtypes.tolist() == y.dtypes.tolist()
    cities = predicted if shape == "series" else np.asarray(predicted)[:, 1]
    assert set(cities) <= set(CITIES)


def test_groups_stay_together_and_rows_of_params_are_split(X, y):
    groups = np.arange(90) % 6
    net = MultiTaskNetEstimator(**SMALL)
    params = {"sample_weight": np.linspace(1, 2, 90)}

    said = cross_val_predict(net, X, y, cv=GroupKFold(3), groups=groups, params=params)

    train, test = next(GroupKFold(3).split(X, y, groups))
    weight = params["sample_weight"][train]
    fitted = clone(net).fit(
        X.iloc[train], y.iloc[train], sample_weight=weight, groups=groups[train]
    )
    assert_allclose(said["num"].iloc[test], fitted.predict(X.iloc[test])["num"])
    assert len(cross_val_predict(net, X, y, groups=groups, cv=2)) == 90


def test_class_that_a_fold_did_not_see_has_no_probability_there(X):
    labels = np.array(["a"] * 40 + ["b"] * 40 + ["c"] * 10)
    net = MultiTaskNetClassifier(**SMALL)

    said = cross_val_predict(
        net, X, labels, cv=KFold(9), method="predict_proba", n_jobs=1
    )

    assert said.shape == (90, 3)
    assert (said[80:, 2] == 0).all()
    assert_allclose(said.sum(axis=1), 1)


def test_column_without_a_label_in_a_fold_is_missing_there(X):
    y = pd.DataFrame({"a": ["x", "y"] * 45, "b": [None] * 45 + ["u", "v", "u"] * 15})
    net = MultiTaskNetClassifier(**SMALL)
    folds = [(np.arange(45), np.arange(45, 90)), (np.arange(45, 90), np.arange(45))]

    with pytest.warns(UserWarning, match="'b'.*no label"):
        _, b = cross_val_predict(net, X, y, cv=folds, method="predict_proba")

    assert b.iloc[45:].isna().all(axis=None)
    assert b.iloc[:45].notna().all(axis=None)


def test_estimators_of_scikit_learn_say_the_same(X, y):
    forest = RandomForestClassifier(5, random_state=0)
    labels = y["num"].to_numpy() > 0

    for method in ("predict", "predict_proba"):
        how = {"cv": KFold(3), "method": method}
        ours = cross_val_predict(forest, X, labels, **how)
        assert_array_equal(ours, of_scikit_learn(forest, X, labels, **how))


def test_the_one_of_scikit_learn_names_this_one(X, y):
    net = MultiTaskNetEstimator(**SMALL)

    with pytest.raises(AttributeError, match=r"model_selection\.cross_val"):
        of_scikit_learn(net, X, y.astype(object), cv=3, method="predict_proba")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"method": "transform"}, "method='transform'"),
        ({"cv": ShuffleSplit(2, random_state=0)}, "cv holds row"),
    ],
)
def test_what_cannot_be_done_is_named(X, y, how, said):
    with pytest.raises(ValueError, match=said):
        cross_val_predict(MultiTaskNetEstimator(**SMALL), X, y, **how)
