import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)
from sklearn_mtl.estimators import watch_weights
from sklearn_mtl.inspection import compare_single_task, model_card
from sklearn_mtl.io import load, save
from sklearn_mtl.metrics import make_task_scorer, task_scorers, task_scores
from sklearn_mtl.model_selection import StackedGridSearchCV, cross_val_predict
from sklearn_mtl.tasks import Simplex

N_ROWS = 120
SMALL = {
    "hidden_layer_sizes": (8,),
    "n_members": 2,
    "max_iter": 2,
    "random_state": 0,
}


@pytest.fixture(scope="module")
def X():
    columns = np.random.default_rng(0).normal(size=(N_ROWS, 4))
    return pd.DataFrame(columns, columns=list("klmn"), index=range(500, 500 + N_ROWS))


@pytest.fixture(scope="module")
def y(X):
    later = X["k"] + X["l"]
    frame = pd.DataFrame(
        {
            "price": 3 * X["k"] + X["m"],
            "later": later,
            "sold": np.where(later > 0, "yes", "no"),
            "sensor": np.where(X["n"] > 0, "high", "low"),
        }
    )
    frame.iloc[:10, 0] = np.nan
    return frame


AUXILIARY = ["later", "sensor"]
LEFT = ["price", "sold"]


@pytest.fixture(scope="module")
def net(X, y):
    return MultiTaskNetEstimator(**SMALL, auxiliary=AUXILIARY).fit(X, y)


def test_auxiliary_columns_are_learned_and_nobody_is_told_of_them(net, X, y):
    assert net.predict(X[:3]).columns.tolist() == LEFT
    assert net.predict(X[:3]).index.tolist() == X.index[:3].tolist()
    assert [len(net.tasks_), net.n_outputs_, len(net.classes_)] == [2, 2, 2]
    assert list(net.named_estimators_) == LEFT
    assert net.oof_predictions_.columns.tolist() == LEFT
    assert [p is None for p in net.predict_proba(X)] == [True, False]
    lower, upper = net.predict_interval(X)
    assert lower.columns.tolist() == upper.columns.tolist() == LEFT
    assert [s is None for s in net.predict_set(X)] == [True, False]
    assert net.sample_y(X[:3], 2).columns.tolist() == LEFT
    for name in ("shrinkage_", "temperature_", "residual_std_", "sharing_"):
        assert len(getattr(net, name)) == 2, name
    assert len(net.factor_usage_) == 2
    assert {f"train_loss/{name}" for name in y} < set(net.history_[0])
    assert net.balancing_history_.shape[1] == 4
    assert (net.balancing_history_[:, [1, 3]] > 0).all()


def test_views_say_what_the_estimator_says(net, X, y):
    predicted = net.predict(X)
    for view, name in zip(net.estimators_, LEFT, strict=True):
        np.testing.assert_array_equal(view.predict(X), predicted[name])
        assert view.score(X, y[name]) == net.estimators_[LEFT.index(name)].score(
            X, y[name]
        )


SCORES = {
    "score": lambda net, X, y, **w: net.score(X, y, **w),
    "scorer": lambda net, X, y, **w: make_task_scorer("skill")(net, X, y, **w),
    "scorers": lambda net, X, y, **w: task_scorers("skill")(net, X, y, **w),
    "of one": lambda net, X, y, **w: make_task_scorer("accuracy", tasks=1)(
        net, X, y, **w
    ),
    "table": lambda net, X, y, **w: [
        (row["name"], row["skill"]) for row in task_scores(y, net, X=X, **w)
    ],
}


@pytest.mark.parametrize("how", SCORES)
def test_scores_take_auxiliary_columns_or_not(net, X, y, how):
    score, short = SCORES[how], y[LEFT]
    assert score(net, X, y) == score(net, X, short)
    assert score(net, X, y[["sensor", *LEFT]]) == score(net, X, short)
    weight = np.random.default_rng(0).uniform(size=y.shape)
    assert score(net, X, y, sample_weight=weight) == score(
        net, X, short, sample_weight=weight[:, [0, 2]]
    )
    with pytest.raises(ValueError, match="'price'"):
        score(net, X, y.drop(columns="price"))


def test_the_score_is_that_of_the_columns_that_are_left(net, X, y):
    one_each = [
        v.score(X[10:], y[n][10:]) for v, n in zip(net.estimators_, LEFT, strict=True)
    ]
    assert net.score(X[10:], y[10:]) == pytest.approx(np.mean(one_each))


def test_an_array_tells_columns_by_their_number(X, y):
    labels = y.to_numpy()
    net = MultiTaskNetEstimator(**SMALL, auxiliary=[1, -1]).fit(X, labels)
    assert net.predict(X).shape == (N_ROWS, 2)
    assert [task.name_ for task in net.tasks_] == [0, 2]
    assert net.score(X, labels) == net.score(X, labels[:, [0, 2]])
    with pytest.raises(ValueError, match="3 columns, but fit predicts 2"):
        net.score(X, labels[:, :3])


def test_one_column_may_be_left(X, y):
    net = MultiTaskNetRegressor(**SMALL, auxiliary=["later", "sensor", "sold"])
    net.fit(X, y)
    assert net.predict(X).columns.tolist() == ["price"]
    assert cross_val_score(net, X, y, cv=2).shape == (2,)


def test_auxiliary_columns_of_a_classifier_may_be_numbers(X, y):
    net = MultiTaskNetClassifier(**SMALL, auxiliary=["later", "price"]).fit(X, y)
    assert [c.tolist() for c in net.classes_] == [["no", "yes"], ["high", "low"]]
    kinds = [task.kind for task in net.stack_.codings.tasks]
    assert kinds == ["regression", "regression", "binary", "binary"]


def test_their_kind_may_be_said(X, y):
    net = MultiTaskNetEstimator(
        **SMALL, auxiliary="later", task_types={"later": "laplace"}
    ).fit(X, y)
    assert net.stack_.codings.tasks[1].kind == "laplace"


def test_members_stop_by_what_is_predicted_as_far_as_its_labels_tell(X, y):
    noise = y.assign(later=np.random.default_rng(1).normal(size=N_ROWS))
    net = MultiTaskNetEstimator(
        **SMALL | {"max_iter": 6}, auxiliary=AUXILIARY, own_nets="never"
    ).fit(X, noise)
    codings = net.stack_.codings
    share, told = codings.task_share, codings.labels / (codings.labels + 100)
    assert codings.watched[[0, 2]] == pytest.approx(told[[0, 2]])
    counts = share * codings.watched
    assert counts.sum() == pytest.approx(share[[0, 2]].sum())
    valid = np.stack(net.net_.task_losses_["valid"]) @ counts / counts.sum()
    best = dict(net.net_.callbacks_)["best_weights"]
    np.testing.assert_array_equal(best.best_epoch_, np.nanargmin(valid, axis=0) + 1)
    np.testing.assert_allclose(best.best_loss_, np.nanmin(valid, axis=0), rtol=1e-5)


def test_losses_of_auxiliary_columns_hardly_count_beside_many_labels():
    watched = watch_weights(np.full(3, 1 / 3), np.array([1e6, 100, 100]), [0])
    assert watched == pytest.approx([1, 0, 0], abs=1e-3)


@pytest.mark.parametrize("has_all", [True, False])
def test_rows_to_stop_on_need_none_of_their_labels(X, y, has_all):
    y_val = y[80:] if has_all else y[80:][LEFT]
    net = MultiTaskNetEstimator(**SMALL, auxiliary=AUXILIARY)
    net.fit(X[:80], y[:80], X_val=X[80:], y_val=y_val)
    assert np.isfinite(net.history_[-1]["valid_loss"])
    assert np.isnan(net.history_[-1]["valid_loss/later"]) != has_all


def test_members_stop_by_a_metric_of_what_is_predicted(X, y):
    net = MultiTaskNetEstimator(**SMALL, auxiliary=AUXILIARY, scoring="skill")
    keys = set(net.fit(X, y).history_[0])
    assert {"valid_score/price", "valid_score/sold"} < keys
    assert np.isnan(net.history_[0]["valid_score/later"])


def test_an_auxiliary_column_gets_no_net_of_its_own(X, y):
    rng = np.random.default_rng(0)
    labels = pd.DataFrame({"a": rng.normal(size=N_ROWS), "b": X["k"], "c": X["l"]})
    net = MultiTaskNetEstimator(
        **SMALL | {"max_iter": 40, "learning_rate_init": 0.03}, auxiliary=["b", "c"]
    ).fit(X, labels)
    assert net.own_net_ is None or net.own_net_.members.tasks == [0]
    assert len(net.sharing_) == 1


def test_a_fit_that_goes_on_knows_them(X, y):
    net = MultiTaskNetEstimator(**SMALL, auxiliary=AUXILIARY, warm_start=True)
    for _ in range(2):
        net.fit(X, y)
    assert net.predict(X).columns.tolist() == LEFT
    assert (net.net_.members.watched == net.stack_.codings.watched).all()
    net = clone(net)
    for _ in range(2):
        net.partial_fit(X, y)
    assert net.predict(X).columns.tolist() == LEFT


def test_files_and_copies_know_them(net, X, y, tmp_path):
    save(net, tmp_path / "net.safetensors")
    loaded = load(tmp_path / "net.safetensors")
    pd.testing.assert_frame_equal(loaded.predict(X), net.predict(X))
    assert loaded.score(X, y[LEFT]) == net.score(X, y)
    assert clone(net).auxiliary == AUXILIARY


def test_graphs_leave_them_out(net, X):
    pytest.importorskip("onnx")
    from sklearn_mtl.io import to_onnx

    outputs = [one.name for one in to_onnx(net, X).graph.output]
    assert outputs == ["price", "sold", "sold_probabilities"]


def test_predictions_out_of_fold_leave_them_out(X, y):
    net = MultiTaskNetEstimator(**SMALL, auxiliary=AUXILIARY)
    assert cross_val_predict(net, X, y, cv=2).columns.tolist() == LEFT
    price, sold = cross_val_predict(net, X, y, cv=2, method="predict_proba")
    assert price is None
    assert sold.shape == (N_ROWS, 2)


def test_searches_score_what_is_predicted(X, y):
    net = MultiTaskNetEstimator(**SMALL, auxiliary=AUXILIARY)
    search = StackedGridSearchCV(net, {"alpha": [0.01, 0.1]}, cv=2).fit(X, y)
    assert search.predict(X).columns.tolist() == LEFT
    assert search.score(X, y) == search.score(X, y[LEFT])


def test_reports_tell_of_them(net, X, y):
    card = str(model_card(net, y, n_resamples=10))
    assert "not predicted: later, sensor" in card
    compared = compare_single_task(net, X, y, cv=2)
    assert compared.task_names == list(y)


def test_known_labels_are_of_what_is_predicted(net, X, y):
    known = y[["sold"]].copy()
    assert (net.predict(X, y_known=known)["sold"] == known["sold"]).all()
    with pytest.raises(ValueError, match="'later', which is none of the columns"):
        net.predict(X, y_known=y[["later"]])


def test_rows_of_auxiliary_labels_alone_are_learned_from(X, y):
    few = y.copy()
    few.iloc[20:, [0, 2]] = np.nan
    net = MultiTaskNetEstimator(**SMALL, auxiliary=AUXILIARY).fit(X, few)
    without = MultiTaskNetEstimator(**SMALL).fit(X[:20], few[LEFT][:20])
    assert not net.predict(X).equals(without.predict(X))
    assert net.sample_y(X[:3]).notna().all(axis=None)
    assert np.isfinite(net.oof_score_)


@pytest.mark.parametrize(
    ("auxiliary", "said"),
    [
        (["prise"], "'prise', which is no column of y. The columns are 'price'"),
        (["later", 1], "'later' of y twice"),
        (["price", "later", "sold", "sensor"], "none is left to be predicted"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_learned(X, y, auxiliary, said):
    net = MultiTaskNetEstimator(**SMALL, auxiliary=auxiliary)
    before = vars(net).copy()
    with pytest.raises(ValueError, match=f"auxiliary.*{said}"):
        net.fit(X, y)
    assert vars(net) == before


def test_a_single_column_cannot_be_auxiliary(X, y):
    with pytest.raises(ValueError, match="none is left to be predicted"):
        MultiTaskNetEstimator(**SMALL, auxiliary=[0]).fit(X, y["later"])


def test_columns_that_belong_together_are_auxiliary_together(X, y):
    parts = np.random.default_rng(0).dirichlet(np.ones(3), N_ROWS)
    labels = pd.DataFrame(parts, columns=["sand", "silt", "clay"]).assign(
        price=X["k"].to_numpy()
    )
    kinds = {("sand", "silt", "clay"): Simplex()}
    net = MultiTaskNetEstimator(**SMALL, task_types=kinds)
    with pytest.raises(ValueError, match="auxiliary names 'clay', but not all"):
        clone(net).set_params(auxiliary=["clay"]).fit(X, labels)
    together = clone(net).set_params(auxiliary=["sand", "silt", "clay"]).fit(X, labels)
    assert together.predict(X).columns.tolist() == ["price"]
    beside = clone(net).set_params(auxiliary=["price"]).fit(X, labels)
    np.testing.assert_allclose(beside.predict(X).sum(axis=1), 1.0)
    assert np.isfinite(beside.score(X, labels))
