"""Fit: odd tables, weights of columns, stopping, silence, randomness, the engine."""

import warnings

import numpy as np
import pytest
import sklearn
import torch
from joblib import Parallel, delayed
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback, EpochScoring

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from sklearn_mtl.datasets import make_multitask
from tests.estimators.helpers import FULL_BATCH, SMALL, learner
from tests.helpers import ESTIMATORS


def test_fit_leaves_what_it_is_given_as_it_was(X, mixed):
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame(X, columns=list("abcd")).assign(e="x")
    table.loc[3, "a"] = np.nan
    y = pd.DataFrame(mixed)
    before = table.copy(deep=True), y.copy(deep=True)

    MultiTaskNetEstimator(**SMALL).fit(table, y).predict(table)

    pd.testing.assert_frame_equal(table, before[0])
    pd.testing.assert_frame_equal(y, before[1])


# Weights of columns


@pytest.mark.parametrize("weights", [[1, 0], {1: 0}, {0: 2.5, 1: 0.0}])
def test_task_of_weight_zero_is_not_learned(X, number, rng, weights):
    y = np.column_stack([number, rng.normal(size=60)])
    net = learner(task_weights=weights, early_stopping=False).fit(X, y)

    view = net.estimators_[0]

    assert view.score(X, y[:, 0]) > 0.9
    assert net.history_[-1]["train_loss/1"] > 0.8


def test_weights_of_tasks_may_go_by_name(X, number):
    pd = pytest.importorskip("pandas")
    X, y = pd.DataFrame(X), pd.DataFrame({"a": number, "b": -number})
    named = MultiTaskNetEstimator(**SMALL, task_weights={"b": 3}).fit(X, y)
    listed = MultiTaskNetEstimator(**SMALL, task_weights=[1, 3]).fit(X, y)
    plain = MultiTaskNetEstimator(**SMALL).fit(X, y)

    pd.testing.assert_frame_equal(named.predict(X), listed.predict(X))
    assert not np.allclose(named.predict(X), plain.predict(X), atol=1e-9)


def test_tasks_are_weighed_by_what_their_labels_tell_unless_users_say_more(X, number):
    y = np.column_stack([number, np.r_[np.ones(3), np.zeros(57)]])
    net = MultiTaskNetEstimator(**SMALL, warm_start=True).fit(X, y)
    told = net.net_.members.task_weight[0]
    net.set_params(task_weights=None).fit(X, y)

    assert 2 < told[0] / told[1] < 5
    assert told.sum() == pytest.approx(1)
    assert_array_equal(net.net_.members.task_weight[0], [0.5, 0.5])
    net.set_params(task_weights="auto").fit(X, y)
    assert_array_equal(net.net_.members.task_weight[0], told)


# Small and odd tables


@pytest.mark.parametrize("n_rows", [1, 2, 3])
@pytest.mark.parametrize("early_stopping", [True, False])
def test_tables_of_very_few_rows(n_rows, early_stopping):
    rows = np.arange(n_rows * 2.0).reshape(n_rows, 2)
    numbers, words = 10.0 + np.arange(n_rows), np.array(["a", "b", "c"])[:n_rows]
    y = np.column_stack([numbers.astype(object), words])
    net = MultiTaskNetEstimator(
        hidden_layer_sizes=(8,),
        max_iter=3,
        early_stopping=early_stopping,
        random_state=0,
    ).fit(rows, y)

    predicted = net.predict(rows)

    assert np.isfinite(predicted[:, 0].astype(float)).all()
    assert set(predicted[:, 1]) <= set(words)


def test_constant_columns_and_single_classes(X, number):
    pd = pytest.importorskip("pandas")
    rows = pd.DataFrame(np.column_stack([X, np.full(60, 7.0), np.zeros(60)]))
    y = pd.DataFrame({"a": number, "seven": 7.0, "only": "x", "flag": True})
    net = learner().fit(rows, y)

    predicted = net.predict(rows)

    assert set(predicted["only"]) == {"x"}
    assert predicted["flag"].all()
    assert_array_equal(net.predict_proba(rows)[2], np.ones((60, 1)))
    assert net.estimators_[0].score(rows, number) > 0.8
    assert np.isfinite(net.history_[-1]["train_loss"])


@pytest.mark.parametrize("value", [7.0, 1e-6, -3e9, 0.0])
def test_constant_numbers_are_predicted_as_they_are(X, number, value):
    """Nothing is learned of them, so the initial weights must not show either."""
    y = np.column_stack([number, np.full(60, value)])
    net = learner(early_stopping=False, task_types="regression").fit(X, y)
    assert_allclose(net.predict(X)[:, 1], value, rtol=1e-12)

    y[1:, 1] = np.nan
    net = learner(early_stopping=False, task_types="regression").fit(X, y)
    assert_allclose(net.predict(X)[:, 1], value, rtol=1e-12)


@pytest.mark.parametrize("unit", [1e-20, 1e-9, 1e9])
def test_units_of_targets_and_features_do_not_matter(X, number, unit):
    plain = learner().fit(X, number)
    scaled = learner().fit(X / unit, number * unit + 5 * unit)

    assert_allclose(scaled.predict(X / unit) / unit - 5, plain.predict(X), atol=1e-3)
    assert_allclose(scaled.residual_std_ / unit, plain.residual_std_, rtol=1e-3)


def test_linear_network_is_ridge_like(X, number):
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(),
        n_members=1,
        max_iter=200,
        learning_rate_init=0.05,
        alpha=0,
        early_stopping=False,
        random_state=0,
    ).fit(X, number)
    assert net.score(X, number) > 0.999


# When training stops


def test_rows_to_stop_on_decide_which_epoch_is_kept(X, number, rng):
    """Against labels of the opposite sign every epoch is worse than the first."""
    X_val = rng.normal(size=(40, 4))
    y_val = 3 * X_val[:, 0] + X_val[:, 1]
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(16,),
        n_members=2,
        max_iter=30,
        learning_rate_init=0.02,
        n_iter_no_change=6,
        random_state=0,
    )

    good = clone(net).fit(X, number, X_val=X_val, y_val=y_val)
    bad = clone(net).fit(X, number, X_val=X_val, y_val=-y_val)

    assert (good.best_epoch_ > 3).all()
    assert (bad.best_epoch_ <= 2).all()
    assert bad.n_iter_ < good.n_iter_
    assert good.history_[0]["valid_loss"] < bad.history_[0]["valid_loss"]


def test_rows_to_stop_on_may_have_gaps_and_frames(X, mixed):
    pd = pytest.importorskip("pandas")
    y = pd.DataFrame(mixed, columns=list("abc"))
    table = pd.DataFrame(X, columns=list("wxyz"))
    net = MultiTaskNetEstimator(**SMALL)
    net.fit(table[:40], y[:40], X_val=table[40:], y_val=y[40:])
    assert {"valid_loss/a", "valid_loss/b", "valid_loss/c"} <= set(net.history_[0])
    assert net.residual_std_[0] > 0


def test_early_stopping_keeps_the_best_epoch_of_each_member(rng):
    rows, y = rng.normal(size=(80, 10)), rng.normal(size=80)
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(32,),
        n_members=5,
        max_iter=60,
        n_iter_no_change=5,
        learning_rate_init=0.02,
        random_state=0,
    ).fit(rows, y)

    assert net.best_epoch_.shape == (5,)
    # All stop by their mean; one may have improved in the last epoch.
    assert 1 <= net.best_epoch_.min() < net.best_epoch_.max() <= net.n_iter_ < 60
    assert net.score(rows, y) < 0.7


def test_without_early_stopping_all_epochs_run(X, number):
    net = MultiTaskNetRegressor(**{**FULL_BATCH, "max_iter": 25}).fit(X, number)
    assert net.n_iter_ == len(net.history_) == 25
    assert (net.best_epoch_ == 25).all()
    assert "valid_loss" not in net.history_[0]


# Silence and progress


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_silent_by_default(capfd, cls, X):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net = cls(**SMALL).fit(X, np.arange(60) % 2)
        net.partial_fit(X, np.arange(60) % 2)
        net.predict(X)
        net.score(X, np.arange(60) % 2)
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err == ""


def test_progress_bar(capfd, X, number):
    MultiTaskNetRegressor(**SMALL, verbose=1).fit(X, number)
    said = capfd.readouterr()
    assert "3/3" in said.err
    assert "train_loss" in said.err
    assert said.out == ""


# Randomness and devices


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_same_random_state_same_result(X, mixed, dropout):
    net = MultiTaskNetEstimator(**SMALL, dropout=dropout, batch_size=16)

    a = clone(net).fit(X, mixed).predict(X)

    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002
    assert_array_equal(clone(net).fit(X, mixed).predict(X), a)
    other = clone(net).set_params(random_state=1).fit(X, mixed).predict(X)
    assert (other[:, 0] != a[:, 0]).all()


def fit_and_predict(seed, X, y):
    torch.set_num_threads(1)
    net = MultiTaskNetRegressor(**SMALL, dropout=0.2, batch_size=16)
    return net.set_params(random_state=seed).fit(X, y).predict(X)


def test_threads_agree_with_processes(X, number):
    expected = [fit_and_predict(seed, X, number) for seed in range(2)]
    for backend in ("threading", "loky"):
        found = Parallel(n_jobs=2, backend=backend)(
            delayed(fit_and_predict)(seed, X, number) for seed in range(2)
        )
        assert_array_equal(found, expected)


def test_one_fitted_estimator_may_predict_in_several_threads(X, number, rng):
    """Web servers do, and joblib's threads in permutation_importance."""
    net = MultiTaskNetRegressor(**SMALL).set_params(hidden_layer_sizes=(64, 64))
    net.fit(X, number)
    rows = rng.normal(size=(5000, 4))
    expected = net.predict(rows)

    found = Parallel(n_jobs=8, backend="threading")(
        delayed(net.predict)(rows) for _ in range(200)
    )

    for one in found:
        assert_array_equal(one, expected)
    parameters = net.net_.module_.parameters()
    assert {parameter.dtype for parameter in parameters} == {torch.float32}


@pytest.mark.parametrize("random_state", [0, None])
def test_no_global_generator_is_touched(X, mixed, random_state):
    """None too: the documentation promises that none is read or seeded."""
    torch_before = torch.get_rng_state()
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    net = MultiTaskNetEstimator(**SMALL, dropout=0.2, batch_size=16)

    net.set_params(random_state=random_state).fit(X, mixed)
    net.partial_fit(X, mixed)
    net.predict(X)
    net.score(X, mixed)

    assert torch.equal(torch.get_rng_state(), torch_before)
    name_after, keys_after, *rest_after = np.random.get_state()  # noqa: NPY002
    assert name_after == name
    assert rest_after == rest
    assert_array_equal(keys_after, keys)


@pytest.mark.parametrize("device", ["cpu", "auto"])
def test_devices(X, number, device):
    net = MultiTaskNetRegressor(**SMALL, device=device).fit(X, number)
    assert net.predict(X).shape == (60,)
    found = next(net.net_.module_.parameters()).device.type
    if device == "cpu" or not torch.accelerator.is_available():
        assert found == "cpu"
    else:
        assert found == torch.accelerator.current_accelerator().type


# The engine stays in reach


class PressCtrlC(Callback):
    def on_batch_end(self, net, training=True, **kwargs):
        if len(net.history) == 4:
            raise KeyboardInterrupt


def test_ctrl_c_keeps_what_was_learned(X, number):
    net = MultiTaskNetRegressor(**{**SMALL, "max_iter": 50}, callbacks=[PressCtrlC()])
    net.fit(X, number)

    assert len(net.history_) == 3
    assert np.isfinite(net.predict(X)).all()
    assert (net.best_epoch_ <= 3).all()


def test_arguments_for_skorch_win(X, number):
    net = MultiTaskNetRegressor(
        **SMALL, net_params={"optimizer": torch.optim.Adagrad, "optimizer__fused": None}
    ).fit(X, number)
    assert isinstance(net.net_.optimizer_, torch.optim.Adagrad)


def test_scoring_callback_of_skorch(X, number):
    """It is the documented way to follow a score over the epochs."""
    scored = EpochScoring(lambda net, X, y=None: 0.5, name="half")
    net = MultiTaskNetRegressor(**SMALL, callbacks=[scored]).fit(X, number)
    assert [row["half"] for row in net.net_.history] == [0.5] * 3


def test_max_epochs_of_net_params_wins_over_max_iter(X, number):
    net = MultiTaskNetRegressor(**FULL_BATCH, net_params={"max_epochs": 7})
    assert net.fit(X, number).n_iter_ == 7


# What hidden units are made of


def weights_into_units(net):
    return [
        p.detach()
        for name, p in net.net_.module_.named_parameters()
        if "weight" in name
    ]


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_weights_stay_within_max_norm(solver):
    X, y = make_multitask(150, n_tasks=2, random_state=0)
    params = {"hidden_layer_sizes": (16,), "n_members": 2, "max_iter": 5}
    params |= {"solver": solver, "learning_rate_init": 0.05, "random_state": 0}

    free = MultiTaskNetEstimator(**params).fit(X, y)
    bounded = MultiTaskNetEstimator(**params, max_norm=0.8).fit(X, y)

    assert max(w.norm(dim=-2).max() for w in weights_into_units(free)) > 1.0
    for weight in weights_into_units(bounded):
        assert weight.norm(dim=-2).max() <= 0.8 + 1e-5


def test_maxout_learns_with_dropped_inputs():
    X, y = make_multitask(300, n_features=5, n_tasks=2, random_state=0)
    net = MultiTaskNetEstimator(
        hidden_layer_sizes=(32,),
        activation="maxout",
        maxout_pieces=3,
        input_dropout=0.1,
        max_norm=2.0,
        n_members=2,
        max_iter=40,
        learning_rate_init=0.005,
        random_state=0,
    ).fit(X[:200], y[:200])

    assert net.net_.module_.sharing.layers[0].weight.shape[-1] == 96
    assert net.score(X[200:], y[200:]) > 0.6
    assert_allclose(clone(net).fit(X[:200], y[:200]).predict(X), net.predict(X))


def pipeline_with_rows_to_stop_on(**how):
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(90, 3))
    X, y = 100 * Z + 1000, Z[:, 0]
    with sklearn.config_context(enable_metadata_routing=True):
        net = MultiTaskNetRegressor(**SMALL).set_fit_request(X_val=True, y_val=True)
        pipe = Pipeline([("scaler", StandardScaler()), ("net", net)], **how)
        return pipe.fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:])


def test_rows_to_stop_on_in_another_scale_are_said():
    with pytest.warns(UserWarning, match=r"X_val lies far outside.*transform_input"):
        pipeline_with_rows_to_stop_on()


@pytest.mark.filterwarnings("error")
def test_rows_to_stop_on_that_the_pipeline_transforms_are_fine():
    pipeline_with_rows_to_stop_on(transform_input=["X_val"])
