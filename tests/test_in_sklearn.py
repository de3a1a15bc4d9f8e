"""The estimators inside scikit-learn's tools: mixed y, gaps and frames."""

import copy
import pickle

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import (
    ColumnTransformer,
    TransformedTargetRegressor,
    make_column_transformer,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.metrics import get_scorer
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
    cross_val_predict,
    cross_validate,
    learning_curve,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)

pd = pytest.importorskip("pandas")

SMALL = {
    "hidden_layer_sizes": (16,),
    "n_members": 2,
    "max_iter": 15,
    "learning_rate_init": 0.03,
    "random_state": 0,
}


@pytest.fixture
def X(rng):
    """Return a frame of numbers with gaps and of strings, under an odd index."""
    numbers = rng.normal(size=(120, 3))
    table = pd.DataFrame(numbers, columns=["a", "b", "c"]).assign(
        town=np.where(numbers[:, 1] > 0, "Rome", "Oslo")
    )
    table.loc[::15, "c"] = np.nan
    table.index = pd.Index(np.arange(120)[::-1] * 10)
    return table


@pytest.fixture
def y(X, rng):
    """Return a number, two words and a flag, a fifth of the labels missing."""
    number = 100 * X["a"].to_numpy()
    table = pd.DataFrame(
        {
            "price": number,
            "town": X["town"].astype("category"),
            "sold": pd.array(number > 0, dtype="boolean"),
        },
        index=X.index,
    )
    return table.mask(rng.random(table.shape) < 0.2)


@pytest.fixture
def numbers(X):
    a, b = X["a"].to_numpy(), X["b"].to_numpy()
    return pd.DataFrame({"s": a + b, "d": a - b}, index=X.index)


@pytest.fixture
def pipe():
    return make_pipeline(
        make_column_transformer(
            (make_pipeline(SimpleImputer(), StandardScaler()), ["a", "b", "c"]),
            (OneHotEncoder(sparse_output=False), ["town"]),
            verbose_feature_names_out=False,
        ).set_output(transform="pandas"),
        MultiTaskNetEstimator(**SMALL),
    )


# Pipelines


def test_pipeline_with_a_column_transformer(pipe, X, y):
    pipe.fit(X, y)

    predicted = pipe.predict(X)

    names = ["a", "b", "c", "town_Oslo", "town_Rome"]
    assert pipe[-1].feature_names_in_.tolist() == names
    pd.testing.assert_series_equal(predicted.dtypes, y.dtypes)
    pd.testing.assert_index_equal(predicted.index, X.index)
    assert pipe.score(X, y) > 0.8
    assert [None if p is None else p.shape for p in pipe.predict_proba(X)] == [
        None,
        (120, 2),
        (120, 2),
    ]


def test_pipeline_passes_parameters_of_fit_on(X, y):
    pipe = make_pipeline("passthrough", MultiTaskNetEstimator(**SMALL))
    weight = np.where(y["price"] > 0, 5.0, 1.0)
    name = "multitasknetestimator__sample_weight"
    a = pipe.fit(X, y, **{name: weight}).predict(X)["price"]
    b = MultiTaskNetEstimator(**SMALL).fit(X, y, sample_weight=weight).predict(X)
    pd.testing.assert_series_equal(a, b["price"])


def test_strings_and_gaps_need_no_pipeline(X, y):
    assert MultiTaskNetEstimator(**SMALL).fit(X, y).score(X, y) > 0.8


def test_column_transformer_passes_frames(X, y):
    transformer = ColumnTransformer(
        [("n", "passthrough", ["a", "b"]), ("c", "passthrough", ["town"])]
    ).set_output(transform="pandas")
    pipe = make_pipeline(transformer, MultiTaskNetEstimator(**SMALL)).fit(X, y)
    assert pipe[-1].feature_names_in_.tolist() == ["n__a", "n__b", "c__town"]


# Model selection


@pytest.mark.parametrize("frames", [True, False])
def test_cross_validate(X, y, frames):
    if not frames:
        X, y = X.to_numpy(dtype=object), y.to_numpy(dtype=object)
    found = cross_validate(
        MultiTaskNetEstimator(**SMALL),
        X,
        y,
        cv=3,
        return_train_score=True,
        return_estimator=True,
        error_score="raise",
    )
    assert (found["test_score"] > 0.6).all()
    assert (found["train_score"] > 0.6).all()
    assert len({id(one) for one in found["estimator"]}) == 3


def test_cross_validate_takes_lists_of_rows(X, y):
    rows = X[["a", "b"]].to_numpy().tolist()
    labels = y.to_numpy(dtype=object).tolist()
    net = MultiTaskNetEstimator(**SMALL)
    assert np.isfinite(cross_validate(net, rows, labels, cv=3)["test_score"]).all()


def test_cross_validate_with_a_scorer_of_several_columns(X, y):
    def by_column(net, X, y):
        return {
            name: view.score(X[seen], y.loc[seen, name].to_numpy(dtype=dtype))
            for (name, view), dtype in zip(
                net.named_estimators_.items(), (float, object, bool), strict=True
            )
            for seen in [y[name].notna()]
        }

    found = cross_validate(
        MultiTaskNetEstimator(**SMALL), X, y, scoring=by_column, error_score="raise"
    )
    assert {"test_price", "test_town", "test_sold"} <= set(found)
    assert (found["test_town"] > 0.6).all()


def test_cross_validate_survives_a_rare_class(X, y):
    y["town"] = y["town"].cat.add_categories("Bonn")
    y.iloc[:3, 1] = "Bonn"
    with pytest.warns(UserWarning, match=r"'town'.*'Bonn'"):
        found = cross_validate(
            MultiTaskNetEstimator(**SMALL), X, y, cv=KFold(4), error_score="raise"
        )
    assert np.isfinite(found["test_score"]).all()


def test_cross_validate_survives_a_fold_without_labels_of_a_column(X, y):
    y.iloc[30:, 0] = np.nan
    with pytest.warns(UserWarning, match="'price'.*no label"):
        found = cross_validate(
            MultiTaskNetEstimator(**SMALL), X, y, cv=KFold(4), error_score="raise"
        )
    assert np.isfinite(found["test_score"]).all()


def test_cross_val_predict(X, y):
    net = MultiTaskNetEstimator(**SMALL)

    predicted = cross_val_predict(net, X, y, cv=3)

    assert predicted.shape == (120, 3)
    seen = y["price"].notna()
    labels, said = y["price"][seen], predicted[seen, 0].astype(float)
    assert np.corrcoef(labels, said)[0, 1] > 0.8
    assert set(predicted[:, 1]) == {"Rome", "Oslo"}


def test_cross_val_predict_of_probabilities(X):
    y = np.column_stack([X["town"], np.where(X["a"] > 0, "up", "down")])
    for net in (MultiTaskNetEstimator(**SMALL), MultiTaskNetClassifier(**SMALL)):
        proba = cross_val_predict(net, X, y, cv=KFold(3), method="predict_proba")
        assert [p.shape for p in proba] == [(120, 2), (120, 2)]
        assert_allclose(np.sum(proba, axis=2), 1)


@pytest.mark.parametrize(
    "cls", [MultiTaskNetEstimator, MultiTaskNetRegressor, MultiTaskNetClassifier]
)
def test_gaps_in_labels_pass_through_cross_validation(cls, X, numbers):
    labels = numbers > 0 if cls is MultiTaskNetClassifier else numbers
    labels = labels.astype(object)
    labels.iloc[::4, 0] = None
    labels.iloc[1::4, 1] = None
    found = cross_validate(cls(**SMALL), X, labels, cv=KFold(3), error_score="raise")
    assert (found["test_score"] > 0.5).all()


GRID = {"hidden_layer_sizes": [(4,), (8,)], "learning_rate_init": [1e-6, 0.03]}


@pytest.mark.parametrize("search", [GridSearchCV, RandomizedSearchCV])
def test_search(search, X, y):
    more = {"n_iter": 4, "random_state": 0} if search is RandomizedSearchCV else {}
    net = MultiTaskNetEstimator(**SMALL)
    found = search(net, GRID, cv=3, error_score="raise", **more).fit(X, y)

    assert found.best_params_["learning_rate_init"] == 0.03
    assert found.best_score_ > 0.6
    pd.testing.assert_series_equal(found.predict(X).dtypes, y.dtypes)
    assert found.predict_proba(X)[1].shape == (120, 2)
    assert found.score(X, y) > 0.6


def test_search_over_a_pipeline(pipe, X, y):
    grid = {f"multitasknetestimator__{name}": values for name, values in GRID.items()}
    found = GridSearchCV(pipe, grid, cv=2, error_score="raise").fit(X, y)
    assert found.best_params_["multitasknetestimator__learning_rate_init"] == 0.03


def test_halving_search(X, y):
    grid = {"learning_rate_init": [1e-6, 0.03]}
    found = HalvingGridSearchCV(
        MultiTaskNetEstimator(**SMALL), grid, cv=3, error_score="raise", random_state=0
    ).fit(X, y)
    assert found.best_params_["learning_rate_init"] == 0.03


def test_halving_search_over_epochs(X, y):
    found = HalvingGridSearchCV(
        MultiTaskNetEstimator(**SMALL),
        {"learning_rate_init": [1e-6, 0.03]},
        resource="max_iter",
        max_resources=8,
        cv=3,
        error_score="raise",
    ).fit(X, y)
    assert found.best_params_["learning_rate_init"] == 0.03


def test_grid_of_mlp_regressor_runs_unchanged(X, numbers):
    grid = {
        "hidden_layer_sizes": [(4,), (4, 4)],
        "activation": ["relu", "tanh", "logistic", "identity"],
        "alpha": [1e-4],
        "solver": ["adam", "sgd"],
        "learning_rate": ["constant", "adaptive", "invscaling"],
        "early_stopping": [True, False],
        "batch_size": ["auto", 32],
    }
    net = MultiTaskNetRegressor(n_members=1, max_iter=2, random_state=0)
    found = RandomizedSearchCV(
        net, grid, n_iter=10, cv=2, error_score="raise", random_state=0
    ).fit(X, numbers)
    assert np.isfinite(found.cv_results_["mean_test_score"]).all()


def test_learning_curve(X, y):
    sizes, train, test = learning_curve(
        MultiTaskNetEstimator(**SMALL), X, y, train_sizes=[0.3, 1.0], cv=3
    )
    assert sizes.tolist() == [24, 80]
    assert np.isfinite(train).all()
    assert test[1].mean() > test[0].mean()


def test_train_test_split_keeps_frames(X, y):
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    net = MultiTaskNetEstimator(**SMALL).fit(X_train, y_train)
    assert net.score(X_test, y_test) > 0.6
    pd.testing.assert_index_equal(net.predict(X_test).index, X_test.index)


# Inspection


def test_permutation_importance(X, y):
    net = MultiTaskNetEstimator(**SMALL, n_bins=0, dropout=0.0).fit(X, y)
    for n_jobs in (1, 2):
        found = permutation_importance(
            net, X, y, n_repeats=2, random_state=0, n_jobs=n_jobs
        )
        importance = dict(zip(X, found.importances_mean, strict=True))
        assert importance["a"] > 0.2
        assert abs(importance["c"]) < 0.1
        assert importance["town"] > importance["c"]


def test_partial_dependence_of_one_column(X, y):
    net = MultiTaskNetEstimator(**SMALL, n_bins=0, dropout=0.0).fit(X, y)
    views = net.named_estimators_

    of_price = partial_dependence(views["price"], X, ["a"], grid_resolution=5)
    of_town = partial_dependence(
        views["town"], X, ["town"], categorical_features=["town"]
    )

    assert (np.diff(of_price["average"][0]) > 0).all()
    assert_array_equal(of_town["grid_values"][0], ["Oslo", "Rome"])
    assert of_town["average"][0][1] > of_town["average"][0][0] + 0.3


@pytest.mark.parametrize("chosen", [["price", "town"], ["town", "sold"]])
def test_partial_dependence_display_of_several_columns_names_the_remedy(chosen, X, y):
    pytest.importorskip("matplotlib").use("Agg")
    from sklearn.inspection import PartialDependenceDisplay

    numbers = "price" in chosen
    cls = MultiTaskNetEstimator if numbers else MultiTaskNetClassifier
    net = cls(**SMALL).fit(X, y[chosen])
    with pytest.raises(ValueError, match=rf"named_estimators_\['{chosen[0]}'\]"):
        PartialDependenceDisplay.from_estimator(net, X, ["a"])
    assert len(net.classes_) == 2


def test_partial_dependence_display_of_one_column(X, y):
    pytest.importorskip("matplotlib").use("Agg")
    from sklearn.inspection import PartialDependenceDisplay

    view = MultiTaskNetEstimator(**SMALL).fit(X, y).estimators_[0]
    display = PartialDependenceDisplay.from_estimator(view, X, ["a"])
    assert len(display.pd_results) == 1


def test_scorers_take_one_column(X, y):
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)
    seen = y.notna()

    def score(scorer, name, dtype):
        rows = seen[name]
        labels = y.loc[rows, name].to_numpy(dtype=dtype)
        return get_scorer(scorer)(net.named_estimators_[name], X[rows], labels)

    assert score("r2", "price", float) > 0.6
    assert score("neg_mean_absolute_error", "price", float) < 0
    for scorer in ("accuracy", "balanced_accuracy", "roc_auc", "average_precision"):
        assert score(scorer, "sold", bool) > 0.8
    for scorer in ("accuracy", "f1_macro", "roc_auc"):
        assert score(scorer, "town", object) > 0.8
    assert score("neg_log_loss", "town", object) > -0.7


def test_columns_can_be_calibrated(X, y):
    view = MultiTaskNetEstimator(**SMALL).fit(X, y).named_estimators_["sold"]
    rows = y["sold"].notna()
    labels = y.loc[rows, "sold"].to_numpy(dtype=bool)
    calibrated = CalibratedClassifierCV(FrozenEstimator(view)).fit(X[rows], labels)
    assert calibrated.score(X[rows], labels) > 0.8


# Wrapping, copying, storing


def test_transformed_target(X, numbers):
    net = TransformedTargetRegressor(
        MultiTaskNetRegressor(**SMALL), transformer=StandardScaler()
    ).fit(X, numbers)
    assert net.score(X, numbers) > 0.8

    net = TransformedTargetRegressor(
        MultiTaskNetRegressor(**SMALL), func=np.log, inverse_func=np.exp
    ).fit(X, np.exp(numbers["s"].to_numpy()))
    assert (net.predict(X) > 0).all()


def test_frozen(X, y):
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)
    frozen = FrozenEstimator(net).fit(X[:5], y[:5])
    pd.testing.assert_frame_equal(frozen.predict(X), net.predict(X))
    assert clone(frozen).score(X, y) == net.score(X, y)


def test_clone_forgets_and_keeps_the_parameters(X, y):
    net = MultiTaskNetEstimator(**SMALL, task_types={"town": "multiclass"}).fit(X, y)
    other = clone(net)
    assert other.get_params() == net.get_params()
    assert not hasattr(other, "net_")
    pd.testing.assert_frame_equal(other.fit(X, y).predict(X), net.predict(X))


def by_joblib(net, path):
    joblib.dump(net, path / "net.joblib")
    return joblib.load(path / "net.joblib")


COPIES = {
    "pickle": lambda net, path: pickle.loads(pickle.dumps(net)),
    "joblib": by_joblib,
    "deepcopy": lambda net, path: copy.deepcopy(net),
}


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("verbose", [0, 1])
def test_copies_predict_the_same_and_go_on(way, verbose, X, y, tmp_path):
    net = MultiTaskNetEstimator(**SMALL, dropout=0.1, verbose=verbose).fit(X, y)
    predicted, history = net.predict(X), net.history_

    other = COPIES[way](net, tmp_path)

    pd.testing.assert_frame_equal(other.predict(X), predicted)
    assert other.history_ == history
    assert other.score(X, y) == net.score(X, y)
    assert_array_equal(
        other.named_estimators_["town"].predict_proba(X), net.predict_proba(X)[1]
    )
    other.partial_fit(X, y)
    assert other.n_iter_ == net.n_iter_ + 1
    pd.testing.assert_frame_equal(net.predict(X), predicted)


def test_views_can_be_stored(X, y):
    view = MultiTaskNetEstimator(**SMALL).fit(X, y).estimators_[1]
    other = pickle.loads(pickle.dumps(view))
    assert_array_equal(other.predict(X), view.predict(X))


@pytest.mark.parametrize("early_stopping", [True, False])
def test_stored_estimator_holds_no_training_rows(rng, early_stopping):
    """Held-out predictions may be kept, but not the table: it may be secret or big."""

    def size(n_features):
        rows = rng.normal(size=(3000, n_features))
        net = MultiTaskNetRegressor(
            **{**SMALL, "hidden_layer_sizes": ()}, early_stopping=early_stopping
        )
        return len(pickle.dumps(net.fit(rows, rows[:, :2])))

    wide, narrow = size(40), size(4)
    assert wide - narrow < 0.1 * 3000 * 36 * 4


def test_unfitted_estimators_can_be_stored():
    net = MultiTaskNetEstimator(**SMALL)
    for copied in (pickle.loads(pickle.dumps(net)), copy.deepcopy(net)):
        assert copied.get_params() == net.get_params()
