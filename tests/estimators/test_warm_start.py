"""Going on: warm start and partial fit."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from skorch.callbacks import Callback

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)
from sklearn_mtl.balancing import GramianWeighting
from sklearn_mtl.datasets import make_multitask
from sklearn_mtl.estimators._warm_start import (
    OF_THE_FIRST_FIT,
    OF_THE_NETWORK,
    READ_ANEW,
)
from sklearn_mtl.nn import Autoencoder
from tests.estimators.helpers import FULL_BATCH, NARROW_LAYERS, SMALL, TWO_LAYERS
from tests.nn.test_sharing import Plain

# Going on from what was learned


def test_warm_start_goes_on_from_the_last_weights(X, mixed):
    net = MultiTaskNetEstimator(**FULL_BATCH, warm_start=True).fit(X, mixed)
    first = net.history_[-1]["train_loss"]
    net.fit(X, mixed)

    assert net.n_iter_ == 6
    assert [row["epoch"] for row in net.history_] == [1, 2, 3, 4, 5, 6]
    assert net.history_[3]["train_loss"] < first
    assert MultiTaskNetEstimator(**FULL_BATCH).fit(X, mixed).fit(X, mixed).n_iter_ == 3


class HeldOutRows(Callback):
    """Note which rows each member holds out."""

    def __init__(self):
        self.seen = []

    def on_train_begin(self, net, X=None, **kwargs):
        self.seen.append(X.held_out.index.clone())


def test_warm_start_holds_the_same_rows_out_again(X, number):
    """Rows that a member trained on before must not decide when it stops."""
    rows = HeldOutRows()
    net = MultiTaskNetRegressor(
        **{**SMALL, "n_members": 5}, warm_start=True, callbacks=[rows]
    )
    net.fit(X, number).fit(X, number)

    first, second = ([set(member.tolist()) for member in x] for x in rows.seen)
    assert first == second


def test_partial_fit_is_one_epoch(X, mixed):
    net = MultiTaskNetEstimator(**SMALL)
    for epoch in range(1, 4):
        assert net.partial_fit(X, mixed) is net
        assert net.n_iter_ == len(net.history_) == epoch
    losses = [row["train_loss"] for row in net.history_]
    assert losses[2] < losses[0]


def test_partial_fit_learns(X, number):
    net = MultiTaskNetRegressor(hidden_layer_sizes=(16,), n_members=2, random_state=0)
    net.set_params(learning_rate_init=0.02, batch_size=16)
    for _ in range(60):
        for part in np.split(np.arange(60), 2):
            net.partial_fit(X[part], number[part])
    assert net.score(X, number) > 0.9


@pytest.mark.parametrize("cls", [MultiTaskNetEstimator, MultiTaskNetClassifier])
def test_classes_of_partial_fit_need_not_be_in_the_first_rows(cls, X):
    y = np.array(["a", "b"])[np.arange(60) % 2]
    net = cls(**SMALL, learning_rate_init=0.05)
    net.partial_fit(X, y, classes=["a", "b", "a longer one"])
    y = np.where(np.arange(60) % 3 == 0, "a longer one", y)

    net.partial_fit(X, y)

    assert net.classes_.tolist() == ["a", "a longer one", "b"]
    assert net.predict_proba(X).shape == (60, 3)
    for _ in range(100):
        net.partial_fit(X, np.full(60, "a longer one"))
    assert set(net.predict(X)) == {"a longer one"}


@pytest.mark.parametrize("dtype", ["int8", "float32", "int64"])
def test_classes_of_partial_fit_need_not_fit_the_type_of_the_first_rows(X, dtype):
    y = (np.arange(60) % 2).astype(dtype)
    net = MultiTaskNetClassifier(**SMALL).partial_fit(X, y, classes=[0, 1, 300])
    assert net.classes_.tolist() == [0, 1, 300]


def test_classes_of_partial_fit_of_several_columns(X, mixed):
    pd = pytest.importorskip("pandas")
    known = [None, ["low", "mid", "high", "huge"], ["y", "n"]]
    by_place = MultiTaskNetEstimator(**SMALL).partial_fit(X, mixed, classes=known)
    frame = pd.DataFrame(mixed, columns=list("abc"))
    by_name = MultiTaskNetEstimator(**SMALL)
    by_name.partial_fit(X, frame, classes={"b": known[1]})

    for net in (by_place, by_name):
        assert net.classes_[1].tolist() == ["high", "huge", "low", "mid"]
        assert net.predict_proba(X)[1].shape == (60, 4)
        assert net.predict_proba(X)[2].shape == (60, 2)


def test_fit_goes_on_after_partial_fit_and_history_stays_readable(X, number):
    net = MultiTaskNetRegressor(**SMALL, warm_start=True)
    net.partial_fit(X, number).fit(X, number)
    net.partial_fit(X, number)

    history = net.history_

    assert [row["epoch"] for row in history] == [1, 2, 3, 4, 5]
    assert ["valid_loss" in row for row in history] == [False, True, True, True, False]
    for row in history[1:4]:
        assert row["valid_loss"] == pytest.approx(row["valid_loss/0"])


def test_a_first_part_of_two_rows_does_not_decide_the_number_of_members(X, number):
    """partial_fit holds no row out, so members need no rows of their own."""
    net = MultiTaskNetRegressor(hidden_layer_sizes=(8,), n_members=3, random_state=0)
    net.partial_fit(X[:2], number[:2]).partial_fit(X, number)
    assert len(net.best_epoch_) == 3


# What may change between fits, and what may not


@pytest.mark.parametrize(
    "sizes", [{"job": (5,)}, {"job": (4, 4), "G1": 3}, (4,), {"job": (4,)}]
)
def test_warm_start_refuses_other_private_layers(students, sizes):
    before = {"job": (4,), "G1": 3}
    net = MultiTaskNetEstimator(
        **NARROW_LAYERS, head_hidden_layer_sizes=before, warm_start=True
    ).fit(*students)
    net.fit(*students)

    with pytest.raises(ValueError, match=r"head_hidden_layer_sizes=.*but the network"):
        net.set_params(head_hidden_layer_sizes=sizes).fit(*students)
    with pytest.raises(ValueError, match=r"has \{'job': \(4,\), 'G1': \(3,\)\}"):
        net.fit(*students)


def test_sparsity_may_change_between_warm_starts(three_numbers):
    net = MultiTaskNetRegressor(**NARROW_LAYERS, warm_start=True, early_stopping=False)
    assert (net.fit(*three_numbers).factor_usage_ > 0).all()

    net.set_params(head_sparsity=1e4).fit(*three_numbers)

    assert (net.factor_usage_ == 0).all()


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_rate_and_decay_may_change_between_warm_starts(solver, three_numbers):
    net = MultiTaskNetRegressor(
        **NARROW_LAYERS, solver=solver, balancing="uncertainty", warm_start=True
    )
    net.fit(*three_numbers)

    net.set_params(alpha=0.5, learning_rate_init=0.02).fit(*three_numbers)

    groups = net.net_.optimizer_.param_groups
    assert [group["lr"] for group in groups] == [0.02] * len(groups)
    # Neither biases nor variances decay.
    assert sorted(group["weight_decay"] for group in groups) == [0.0, 0.0, 0.5]
    assert set(net.net_.members.weight_decay) == {0.5}
    assert set(net.net_.members.learning_rate) == {0.02}


@pytest.mark.parametrize(
    ("name", "value"), [("maxout_pieces", 4), ("input_dropout", 0.2), ("max_norm", 3.0)]
)
def test_warm_start_refuses_units_of_another_make(name, value):
    X, y = make_multitask(60, n_tasks=2, random_state=0)
    net = MultiTaskNetEstimator(
        hidden_layer_sizes=(8,),
        n_members=2,
        max_iter=2,
        random_state=0,
        warm_start=True,
    ).fit(X, y)

    with pytest.raises(ValueError, match=f"{name}={value}, but the network"):
        net.set_params(**{name: value}).fit(X, y)


def test_a_warm_start_takes_another_weight_but_no_decoder_that_is_not_there():
    X, y = make_multitask(60, n_features=4, n_tasks=2, random_state=0)
    net = MultiTaskNetRegressor(
        **TWO_LAYERS, reconstruction=Autoencoder(weight=0.5), warm_start=True
    )
    net.fit(X, y).set_params(reconstruction__weight=0.1).fit(X, y)
    assert net.net_.reconstruction_weight == 0.1
    with pytest.raises(
        ValueError, match=r"reconstruction=None, but .* has Autoencoder"
    ):
        net.set_params(reconstruction=None).fit(X, y)
    plain = MultiTaskNetRegressor(**TWO_LAYERS, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match=r"reconstruction=Auto.*, but .* has None"):
        plain.set_params(reconstruction=Autoencoder()).fit(X, y)


CHANGED = {
    "alpha": 0.5,
    "batch_size": 16,
    "calibrate": False,
    "class_weight": "balanced",
    "cv": 3,
    "early_stopping": True,
    "head_sparsity": 0.5,
    "learning_rate_init": 0.1,
    "max_iter": 3,
    "n_iter_no_change": 2,
    "precision": "bfloat16",
    "scoring": "r2",
    "task_weights": [0, 1, 1],
    "teachers": {0: Ridge()},
    "time_limit": 1e-6,
    "tol": 0.5,
    "validation_fraction": 0.3,
    "verbose": 1,
    "freeze": "shared",
    "warm_start": False,
    "activation": "tanh",
    "balancing": "pcgrad",
    "dropout": 0.5,
    "head_hidden_layer_sizes": (3,),
    "hidden_layer_sizes": (4,),
    "input_dropout": 0.5,
    "max_norm": 1.0,
    "maxout_pieces": 3,
    "reconstruction": Autoencoder(),
    "sharing": Plain(),
    "auxiliary": [0],
    "callbacks": [HeldOutRows()],
    "categorical_features": [0],
    "device": "meta",
    "dtype": "float64",
    "learning_rate": "adaptive",
    "max_categories": 3,
    "n_bins": 4,
    "n_members": 3,
    "net_params": {"lr": 0.5},
    "own_nets": "never",
    "random_state": 1,
    "scale_inputs": False,
    "solver": "sgd",
    "task_types": {0: "huber"},
}


def test_every_parameter_is_read_anew_or_compared():
    known = READ_ANEW | OF_THE_NETWORK | OF_THE_FIRST_FIT
    assert known == set(MultiTaskNetEstimator().get_params(deep=False)) == {*CHANGED}


@pytest.mark.parametrize("name", sorted(OF_THE_NETWORK | OF_THE_FIRST_FIT))
def test_a_parameter_that_a_warm_start_cannot_take_is_refused(X, mixed, name):
    net = MultiTaskNetEstimator(**FULL_BATCH, warm_start=True).fit(X, mixed)
    before = net.predict_proba(X)[1]
    with pytest.raises(ValueError, match=f"(?s){name}=.*the network to go on with has"):
        net.set_params(**{name: CHANGED[name]}).fit(X, mixed)
    np.testing.assert_array_equal(net.predict_proba(X)[1], before)


READ_IN_TRAINING = (
    READ_ANEW
    - {"calibrate", "scoring", "tol", "verbose", "warm_start"}
    - {"cv", "n_iter_no_change", "teachers", "time_limit", "validation_fraction"}
)


@pytest.mark.parametrize("name", sorted(READ_IN_TRAINING))
def test_a_parameter_that_a_warm_start_takes_has_an_effect(X, mixed, name):
    def going_on(**changed):
        net = MultiTaskNetEstimator(**FULL_BATCH, warm_start=True).fit(X, mixed)
        return net.set_params(max_iter=2, **changed).fit(X, mixed).predict_proba(X)[1]

    changed = {name: CHANGED[name]}
    if name == "max_iter":
        pytest.skip("is changed by all")
    assert not np.array_equal(going_on(**changed), going_on())


def test_parameters_that_were_changed_in_place_are_seen(X, mixed):
    kinds = {0: "regression"}
    net = MultiTaskNetEstimator(**FULL_BATCH, warm_start=True, task_types=kinds)
    net.fit(X, mixed)
    kinds[0] = "laplace"
    with pytest.raises(ValueError, match="task_types"):
        net.fit(X, mixed)


def test_partial_fit_takes_weights_of_tasks(X, mixed):
    net = MultiTaskNetEstimator(**FULL_BATCH).partial_fit(X, mixed)
    net.set_params(task_weights=[0, 1, 1]).partial_fit(X, mixed)
    assert net.net_.task_weight.tolist() == [[0.0, 0.5, 0.5]] * 2


def test_a_progress_bar_comes_and_goes(X, mixed, capsys):
    net = MultiTaskNetEstimator(**FULL_BATCH, warm_start=True).fit(X, mixed)
    net.set_params(verbose=1).fit(X, mixed)
    assert "epoch" in capsys.readouterr().err
    net.set_params(verbose=0).fit(X, mixed)
    assert not capsys.readouterr().err


@pytest.mark.parametrize("kind", ["regression", "quantile", "count", "gamma"])
@pytest.mark.parametrize("first", [3.0, np.nan])
def test_labels_that_vary_later_than_in_the_first_call_are_refused(X, kind, first):
    y = np.column_stack([np.full(60, first), X[:, 0]])
    net = MultiTaskNetRegressor(**FULL_BATCH, task_types=[kind, "regression"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net.partial_fit(X, y)
    net.partial_fit(X, y)
    y[:, 0] = np.arange(60) + 1.0
    with pytest.raises(
        ValueError, match=r"Column 0 of y holds 1.0, but the first call"
    ):
        net.partial_fit(X, y)


class Inverse(torch.nn.Module):
    def __init__(self, power):
        super().__init__()
        self.register_buffer("power", torch.full((2,), power))

    def forward(self, gramian):
        return gramian.diagonal() ** -self.power[0]


def test_a_copy_of_a_function_that_a_part_was_given_is_the_same_one():
    X, y = make_multitask(40, n_tasks=2, random_state=0)
    net = MultiTaskNetRegressor(
        **NARROW_LAYERS, balancing=GramianWeighting(Inverse(0.5)), warm_start=True
    ).fit(X, y)

    net.set_params(balancing__weighting=Inverse(0.5)).fit(X, y)

    with pytest.raises(ValueError, match=r"balancing=.*Set it back"):
        net.set_params(balancing__weighting=Inverse(1.0)).fit(X, y)
