"""Files of fitted estimators: what comes back, and how they are written."""

import os
import pickle

import numpy as np
import pytest
import torch
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import make_pipeline
from skorch.callbacks import EarlyStopping, GradientNormClipping, LRScheduler, PrintLog
from skorch.exceptions import DeviceWarning

import sklearn_mtl
from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from sklearn_mtl.exceptions import ModelFileError
from sklearn_mtl.io import load, save
from tests.io.models import MODELS, OWN, SMALL, Scaled, answers, assert_same, numbers

LIKE_OTHERS = {
    *("one column", "sparse heads", "no bins", "noise", "gelu, sgd", "invscaling"),
    *("groups held out", "float64", "bfloat16", "weights", "without own nets"),
    *("score", "robust", "no early stopping", "own module", "heads", "draws"),
}
"""Kept out for the time that they take; they are there for whoever asks for all."""
FITTED = [name for name in MODELS if name not in LIKE_OTHERS | {"not fitted"}]


def through_a_file(net, folder, **how):
    path = folder / "net.safetensors"
    save(net, path, **how)
    return load(path, custom=OWN)


@pytest.mark.parametrize("name", FITTED)
def test_a_file_gives_back_what_was_saved(name, tmp_path):
    net, X, y = MODELS[name]()

    again = through_a_file(net, tmp_path)

    assert type(again) is type(net)
    assert_same(answers(again, X, y), answers(net, X, y))
    assert os.path.getsize(tmp_path / "net.safetensors") < 1.4 * len(pickle.dumps(net))


ON = ["mixed", "adaptive", "own balancing", "draws", "uncertainty", "torch's optimizer"]


@pytest.mark.parametrize("name", ON)
def test_training_goes_on_as_after_a_pickle(name, tmp_path):
    net, X, y = MODELS[name]()
    again = through_a_file(net, tmp_path)

    for one in (net, again):
        one.set_params(warm_start=True).fit(X, y).partial_fit(X, y)

    assert_same(again.history_[-1]["train_loss"], net.history_[-1]["train_loss"])
    assert_same(again.predict(X), net.predict(X))


def test_parts_that_are_one_stay_one(tmp_path):
    net, _, _ = MODELS["mixed"]()
    again = through_a_file(net, tmp_path)

    assert again.net_ is again.stack_.net
    assert again.tasks_ is again.stack_.codings.tasks
    parameters = {id(p) for p in again.net_.module_.parameters()}
    optimized = again.net_.optimizer_.param_groups
    assert {id(p) for group in optimized for p in group["params"]} >= parameters


def test_parameters_alone_are_saved_of_what_is_not_fitted(tmp_path):
    net = MultiTaskNetEstimator(alpha=np.float32(0.5), random_state=3)
    again = through_a_file(net, tmp_path)

    assert vars(again) == vars(net)
    assert type(again.alpha) is np.float32


def test_out_of_fold_data_can_be_left_out(tmp_path):
    net, X, _ = MODELS["numbers"]()
    again = through_a_file(net, tmp_path, with_oof=False)

    assert not hasattr(again, "oof_predictions_")
    assert not hasattr(again, "oof_score_")
    assert hasattr(net, "oof_predictions_")
    assert_same(again.predict_interval(X), net.predict_interval(X))


def test_listeners_of_scikit_learn_are_left_out(tmp_path):
    net = MultiTaskNetEstimator()
    net._skl_callbacks = [lambda: "watches"]
    assert not hasattr(through_a_file(net, tmp_path), "_skl_callbacks")


def test_size_is_that_of_the_weights(tmp_path):
    X, y = numbers()
    wide = {**SMALL, "hidden_layer_sizes": (256, 256), "max_iter": 1}
    net = MultiTaskNetRegressor(**wide).fit(X, y)
    save(net, tmp_path / "net")

    weights = sum(p.nbytes for p in net.net_.module_.parameters())
    assert weights < os.path.getsize(tmp_path / "net") < weights + 60_000


def test_classes_of_ones_own_are_asked_for(tmp_path):
    net, X, _ = MODELS["own sharing"]()
    save(net, tmp_path / "net")

    with pytest.raises(ModelFileError, match=r"models\.Scaled.*custom=\[Scale, Scaled"):
        load(tmp_path / "net")
    with pytest.raises(ModelFileError, match=r"custom=\[Scale\]"):
        load(tmp_path / "net", custom=[Scaled])
    assert_same(load(tmp_path / "net", custom=OWN).predict(X), net.predict(X))


CALLBACKS = [
    EarlyStopping(patience=1),
    PrintLog(),
    GradientNormClipping(1.0),
    LRScheduler("CosineAnnealingLR", T_max=3),
    LRScheduler("ExponentialLR", gamma=0.9),
]


def test_callbacks_that_do_no_harm_are_known(tmp_path):
    X, y = numbers(20)
    callbacks = [(f"c{i}", one) for i, one in enumerate(CALLBACKS)]
    how = {**SMALL, "net_params": {"callbacks": callbacks}}
    net = MultiTaskNetEstimator(**how).fit(X, y)
    again = through_a_file(net, tmp_path)
    assert_same(again.predict(X), net.predict(X))
    assert again.net_params["callbacks"][1][1].sink is print


def test_custom_holds_classes_of_different_names():
    other = type("Scaled", (), {})
    with pytest.raises(ValueError, match="two things that are called Scaled"):
        load("anything", custom=[Scaled, other])
    with pytest.raises(TypeError, match=r"custom holds 3.*custom=\[MyTask\]"):
        load("anything", custom=[3])
    for one in (Scaled, "Scaled", None):
        with pytest.raises(TypeError, match=r"is no list.*custom=\[MyTask\]"):
            load("anything", custom=one)


class Regression(sklearn_mtl.tasks.Regression):
    kind = "mine"


def test_a_class_of_ones_own_is_not_mistaken_for_one_of_the_package(tmp_path):
    X, y = numbers(20)
    net = MultiTaskNetEstimator(**SMALL, task_types=Regression()).fit(X, y)
    save(net, tmp_path / "net")

    with pytest.raises(ModelFileError, match=r"test_save\.Regression"):
        load(tmp_path / "net")
    assert type(load(tmp_path / "net", custom=[Regression]).tasks_[0]) is Regression


REFUSED = {
    "a lambda": ({"callbacks": [("a", lambda: 0)]}, r"callbacks\[0\]\[1\].*no name"),
    "an open file": ({"net_params": {"f": open(os.devnull)}}, r"net_params\['f'\]"),  # noqa: SIM115
    "a complex type": ({"alpha": np.zeros(1, "V3")}, "alpha: .*dtype"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_saved_is_named_with_its_place(name, tmp_path):
    parameters, told = REFUSED[name]
    with pytest.raises(ModelFileError, match=told):
        save(MultiTaskNetEstimator(**parameters), tmp_path / "net")
    assert not list(tmp_path.iterdir())


def test_only_estimators_are_saved(tmp_path):
    with pytest.raises(TypeError, match=r"Pipeline.*skops\.io\.dump"):
        save(make_pipeline(MultiTaskNetEstimator()), tmp_path / "net")


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_a_file_is_written_whole_or_not_at_all(fails, tmp_path, monkeypatch):
    path = tmp_path / "net"
    save(MultiTaskNetEstimator(alpha=0.5), path)

    def full(*args):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, fails, full)
    with pytest.raises(OSError, match="No space"):
        save(MultiTaskNetEstimator(alpha=0.25), path)

    assert [found.name for found in tmp_path.iterdir()] == ["net"]
    assert load(path).alpha == 0.5


def test_wrong_paths_are_told(tmp_path):
    with pytest.raises(IsADirectoryError, match="path of a file in it"):
        save(MultiTaskNetEstimator(), tmp_path)
    with pytest.raises(IsADirectoryError, match="The path is empty"):
        save(MultiTaskNetEstimator(), "")
    with pytest.raises(FileNotFoundError, match=r"'.*none/net'.*no folder.*Make it"):
        save(MultiTaskNetEstimator(), tmp_path / "none" / "net")
    with pytest.raises(ModelFileError, match="is no file"):
        load(tmp_path)
    with pytest.raises(FileNotFoundError, match="none"):
        load(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA")
def test_a_net_of_an_accelerator_comes_to_the_processor(tmp_path):
    net, X, _ = MODELS["numbers"]()
    net.net_.device = "cuda"
    with pytest.warns(DeviceWarning, match="cuda"):
        again = through_a_file(net, tmp_path)

    assert str(again.net_.device) == "cpu"
    assert_same(again.predict(X), net.predict(X))


def test_another_version_warns(tmp_path, monkeypatch):
    save(MultiTaskNetEstimator(), tmp_path / "net")
    monkeypatch.setattr(sklearn_mtl, "__version__", "7.5")
    with pytest.warns(InconsistentVersionWarning, match=r"7\.5"):
        load(tmp_path / "net")
