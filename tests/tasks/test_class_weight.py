"""Weights of classes."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import mean_squared_error, recall_score
from sklearn.model_selection import GridSearchCV
from sklearn.utils.class_weight import compute_class_weight

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.tables import TargetTable
from sklearn_mtl.tasks import (
    Binary,
    Multiclass,
    Regression,
    resolve_tasks,
    weigh_classes,
)
from tests.tasks.helpers import small_net


@pytest.fixture(scope="module")
def rare():
    """Two columns of classes, one with a rare class, and one of numbers."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(800, 3))
    hit = X[:, 0] + rng.normal(size=800) > 2.0
    y = pd.DataFrame(
        {
            "hit": np.where(hit, "yes", "no"),
            "kind": np.array(["p", "q", "r"])[np.digitize(X[:, 1], [0.0, 1.5])],
            "size": X[:, 2],
        }
    )
    y.loc[::10, "hit"] = None
    y.loc[1::10, "kind"] = None
    return pd.DataFrame(X), y


def by_hand(y, weights):
    """One weight a label, from classes to weights by column."""
    return np.column_stack(
        [
            y[name].map(weights.get(name, {})).astype(float).fillna(1.0)
            for name in y.columns
        ]
    )


def balanced(y, name):
    known = y[name].dropna().to_numpy()
    classes = np.unique(known)
    weight = compute_class_weight("balanced", classes=classes, y=known)
    return dict(zip(classes, weight, strict=True))


@pytest.mark.parametrize(
    "case",
    ["balanced", "classes", "dict by column", "list", "balanced column"],
)
def test_class_weight_equals_sample_weight_by_hand(rare, case):
    X, y = rare
    hit, kind = {"yes": 5.0, "no": 0.5}, {"r": 3.0}
    setting, weights = {
        "balanced": ("balanced", {n: balanced(y, n) for n in ("hit", "kind")}),
        "classes": (hit | kind, {"hit": hit, "kind": kind}),
        "dict by column": ({"hit": hit}, {"hit": hit}),
        "list": ([None, kind, None], {"kind": kind}),
        "balanced column": ({"hit": "balanced"}, {"hit": balanced(y, "hit")}),
    }[case]
    # Weights of rows would count in the scales and bins of X.
    net = small_net(max_iter=4, dtype="float64", scale_inputs=False, n_bins=0)

    columns = TargetTable(y).columns
    observed = np.column_stack([~column.missing for column in columns]).astype(float)

    weight = weigh_classes(observed, resolve_tasks(columns, None), columns, setting)
    weighed = clone(net).set_params(class_weight=setting).fit(X, y)
    by_sample = clone(net).fit(X, y, sample_weight=by_hand(y, weights))

    assert_allclose(weight, by_hand(y, weights) * observed)
    pd.testing.assert_frame_equal(weighed.predict(X), by_sample.predict(X))
    for t in (0, 1):
        expected = by_sample.predict_proba(X)[t]
        assert_allclose(weighed.predict_proba(X)[t], expected, rtol=1e-9)


def test_balanced_classes_weigh_the_same_in_sum(rare):
    _, y = rare
    columns = TargetTable(y).columns
    sample_weight = np.random.default_rng(0).uniform(size=(800, 3))
    weight = sample_weight * np.column_stack([~column.missing for column in columns])
    tasks = [Multiclass(), Multiclass(), Regression()]

    weighed = weigh_classes(weight, tasks, columns, "balanced")

    for t, name in enumerate(["hit", "kind"]):
        sums = pd.Series(weighed[:, t]).groupby(y[name]).sum()
        assert_allclose(sums, weight[:, t].sum() / len(sums))
    assert_array_equal(weighed[:, 2], weight[:, 2])
    assert_allclose(weight.sum(axis=0), weighed.sum(axis=0))


def test_class_weight_moves_the_recall_of_a_rare_class(rare):
    X, y = rare
    known = y["hit"].notna()

    def recall(**params):
        net = small_net(max_iter=12, **params).fit(X, y)
        predicted = net.predict(X)["hit"][known]
        return recall_score(y["hit"][known], predicted, pos_label="yes")

    unweighed = recall()
    for setting in ("balanced", {"yes": 10.0}, {"hit": {"yes": 10}}):
        assert recall(class_weight=setting) > unweighed + 0.2, setting


def test_class_weight_counts_on_top_of_sample_weight(rare):
    X, y = rare
    row_weight = np.random.default_rng(0).integers(1, 4, 800).astype(float)
    net = small_net(max_iter=2, dtype="float64", scale_inputs=False, n_bins=0)

    both = clone(net).set_params(class_weight={"hit": {"yes": 2.0}})
    both.fit(X, y, sample_weight=row_weight)
    product = row_weight[:, None] * by_hand(y, {"hit": {"yes": 2.0}})
    net.fit(X, y, sample_weight=product)

    assert_allclose(both.predict_proba(X)[0], net.predict_proba(X)[0], rtol=1e-9)


def test_class_of_weight_0_is_left_out(rare):
    X, y = rare
    net = small_net(max_iter=3, scale_inputs=False)

    left_out = clone(net).set_params(class_weight={"r": 0.0}).fit(X, y)
    masked = clone(net).fit(X, y.assign(kind=y["kind"].where(y["kind"] != "r")))

    assert left_out.classes_[1].tolist() == ["p", "q"]
    assert_allclose(left_out.tasks_[1].prior_, masked.tasks_[1].prior_)
    assert set(left_out.predict(X)["kind"]) == {"p", "q"}
    left_out.partial_fit(X, y)


def test_row_whose_labels_all_have_class_weight_0_teaches_nothing(rare):
    X, y = rare[0][:200], rare[1][["hit", "kind"]][:200].dropna()
    X = X.loc[y.index]
    net = small_net(
        max_iter=3,
        class_weight={"hit": {"yes": 0.0}, "kind": {"p": 0.0}},
        early_stopping=False,
        scale_inputs=False,
        n_bins=0,
        dropout=0.0,
        dtype="float64",
        batch_size=1000,
    )
    nothing = ((y["hit"] == "yes") & (y["kind"] == "p")).to_numpy()
    assert nothing.any()

    with_them = clone(net).fit(X, y)
    without = clone(net).fit(X[~nothing], y[~nothing])

    assert np.isfinite(with_them.history_[-1]["train_loss"])
    for t in (0, 1):
        expected = without.predict_proba(X)[t]
        assert_allclose(with_them.predict_proba(X)[t], expected, rtol=1e-6)


def test_class_weight_in_grid_search_and_partial_fit(rare):
    X, y = rare
    search = GridSearchCV(
        small_net(max_iter=2, n_members=1),
        {"class_weight": [None, "balanced", {"yes": 3.0}, {"hit": "balanced"}]},
        cv=2,
    )

    search.fit(X, y)
    net = small_net(class_weight="balanced")
    net.partial_fit(X[:400], y[:400]).partial_fit(X[400:], y[400:])

    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert recall_score(
        y["hit"].dropna(), net.predict(X)["hit"][y["hit"].notna()], pos_label="yes"
    )


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ("auto", "class_weight='auto': pass 'balanced', a dict of classes to weights"),
        (2.0, r"class_weight=2.0: pass 'balanced'"),
        (
            {"yes": -1.0},
            "gives class 'yes' of column 'hit' the weight -1.0.*at least 0",
        ),
        ({"yes": np.nan}, "gives class 'yes' of column 'hit' the weight nan"),
        ({"yes": np.inf}, "gives class 'yes' of column 'hit' the weight inf"),
        ({"size": "balanced"}, "names column 'size', which is read as regression"),
        ({"size": {"yes": 1}}, "names column 'size', which is read as regression"),
        (
            {"colour": "balanced"},
            "class_weight names 'colour', which is no column of y",
        ),
        ({"hit": "even"}, "class_weight says 'even' for column 'hit'. Pass 'balanced'"),
        ({"hit": {"yes": "2"}}, "class_weight says .* for column 'hit'"),
        (["balanced"], "class_weight has 1 entries, but y has 3 columns"),
        (["balanced"] * 3, "names column 'size', which is read as regression"),
    ],
)
def test_bad_class_weight_is_refused(rare, class_weight, message):
    X, y = rare

    with pytest.raises(ValueError, match=message):
        small_net(class_weight=class_weight, max_iter=1).fit(X, y)


def test_numbers_beside_weighed_classes_are_learned_as_always(rare):
    X, y = rare

    net = small_net(class_weight="balanced").fit(X, y)

    assert mean_squared_error(y["size"], net.predict(X)["size"]) < 0.1


SEVERAL = pd.DataFrame(
    {
        "num": np.linspace(0, 1, 60),
        "sold": ["Yes", "No"] * 30,
        "kind": ["u", "v", "v"] * 20,
    }
)
SMALL = {"hidden_layer_sizes": (4,), "n_members": 2, "max_iter": 1}


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        ({"yes": 9}, "names 'yes', which is no label of any column"),
        ({"Yes": 2, "w": 9}, "names 'w', which is no label of any column"),
        ({"sold": 9}, r"Name classes within the column: \{'sold'"),
        ({"sold": {"yes": 9}}, "names 'yes', which is no label of column 'sold'"),
    ],
)
def test_weight_of_a_class_that_no_column_has_is_said(weight, words):
    net = MultiTaskNetEstimator(**SMALL, class_weight=weight)
    with pytest.warns(UserWarning, match=words):
        net.fit(np.ones((60, 2)) * np.arange(60)[:, None], SEVERAL)


@pytest.mark.parametrize("weight", ["balanced", {"Yes": 2}])
def test_weights_of_classes_where_there_are_none_are_said(weight):
    net = MultiTaskNetEstimator(**SMALL, class_weight=weight)
    with pytest.warns(UserWarning, match="y has no column of classes"):
        net.fit(np.arange(60.0)[:, None], SEVERAL[["num"]])


@pytest.mark.parametrize("value", [-1, np.nan, np.inf])
def test_weight_of_an_absent_class_is_checked_too(value):
    net = MultiTaskNetEstimator(**SMALL, class_weight={"yes": value})
    with pytest.raises(ValueError, match="class_weight gives class 'yes'"):
        net.fit(np.arange(60.0)[:, None], SEVERAL)


def test_an_array_is_no_weight_of_classes():
    net = MultiTaskNetEstimator(**SMALL, class_weight=np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match="class_weight"):
        net.fit(np.arange(60.0)[:, None], SEVERAL)


@pytest.mark.parametrize("factor", [2.0**-166, 2.0**123, 2.0**900])
def test_only_ratios_of_class_weights_count_however_small_or_large(factor):
    (column,) = TargetTable(np.array(["a", "b", "b"])).columns
    settings = {"a": 3 * factor, "b": factor}

    weight = weigh_classes(np.ones((3, 1)), [Binary()], [column], settings)[:, 0]

    assert 0.1 < weight.max() <= 1
    np.testing.assert_allclose(weight / weight[1], [3, 1, 1])
