"""Checkpoints: written whole or not at all, and gone on from."""

import json
import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from skorch.callbacks import Callback, Checkpoint, LoadInitState, TrainEndCheckpoint

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.nn import Autoencoder
from tests.training.helpers import numbers_table

FILES = ["criterion.pt", "history.json", "optimizer.pt", "params.pt"]


def small_net(callbacks=(), **parameters):
    small = {"hidden_layer_sizes": (8,), "n_members": 2, "max_iter": 3}
    small |= {"random_state": 0, "device": "cpu", "own_nets": "never"}
    return MultiTaskNetRegressor(**{**small, **parameters}, callbacks=list(callbacks))


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def half_written(monkeypatch, error):
    """Let PyTorch write some bytes and fail, as on a full disk."""

    def save(state, path):
        with open(path, "wb") as file:
            file.write(b"half")
        raise error

    monkeypatch.setattr(torch, "save", save)


def test_checkpoints_replace_each_other_and_nothing_else_is_left(tmp_path):
    small_net([Checkpoint(monitor=None, dirname=str(tmp_path))]).fit(*numbers_table())

    assert sorted(files_of(tmp_path)) == FILES
    assert len(json.loads((tmp_path / "history.json").read_text())) == 3


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("error", [OSError("disk is full"), KeyboardInterrupt()])
def test_file_that_is_not_written_to_its_end_leaves_the_one_before(
    error, tmp_path, monkeypatch
):
    net = small_net().fit(*numbers_table()).net_
    net.save_params(f_params=tmp_path / "a.pt")
    before = files_of(tmp_path)

    half_written(monkeypatch, error)
    with pytest.raises(type(error)):
        net.save_params(tmp_path / "a.pt", f_optimizer=str(tmp_path / "b.pt"))

    assert files_of(tmp_path) == before


@pytest.mark.parametrize("callback", [Checkpoint, TrainEndCheckpoint])
def test_checkpoint_that_cannot_be_written_is_said(callback, tmp_path, monkeypatch):
    saves = callback(dirname=str(tmp_path), f_history=None)

    half_written(monkeypatch, OSError("disk is full"))
    with pytest.warns(UserWarning, match=r"params\.pt could not.*disk is full"):
        small_net([saves]).fit(*numbers_table())

    assert files_of(tmp_path) == {}


def test_links_and_open_files_are_written_through(tmp_path):
    net = small_net().fit(*numbers_table()).net_
    (tmp_path / "link.pt").symlink_to(tmp_path / "file.pt")

    net.save_params(f_params=tmp_path / "link.pt")
    with open(tmp_path / "open.pt", "wb") as file:
        net.save_params(f_params=file)

    assert (tmp_path / "link.pt").is_symlink()
    written = files_of(tmp_path)
    assert len(written["file.pt"]) == len(written["open.pt"])


@pytest.mark.parametrize("parameters", [{}, {"reconstruction": Autoencoder(2)}])
def test_history_of_loaded_epochs_has_what_is_known(parameters, tmp_path):
    saves = Checkpoint(monitor=None, dirname=str(tmp_path))
    table = numbers_table()
    before = small_net([saves], **parameters).fit(*table).history_

    net = small_net([LoadInitState(saves)], **parameters).fit(*table)

    columns = [key for key in before[0] if "/" in key]
    assert len(net.history_) == net.n_iter_ == 6
    for row, known in zip(net.history_, before, strict=False):
        assert row["train_loss"] == known["train_loss"]
        assert np.isnan([row[key] for key in columns]).all()
    for row in net.history_[3:]:
        assert np.isfinite([row[key] for key in columns]).all()
    assert len(net.partial_fit(*table).history_) == 7


def test_losses_of_the_epochs_up_to_the_best_checkpoint_stay(tmp_path):
    saves = Checkpoint(monitor=lambda net: len(net.history) == 2, dirname=str(tmp_path))
    net = small_net([saves]).fit(*numbers_table())
    before = net.history_

    net.net_.load_params(checkpoint=saves)

    assert net.history_ == before[:2]


def test_own_nets_are_found_after_a_checkpoint(tmp_path):
    saves = Checkpoint(monitor=None, dirname=str(tmp_path))
    how = {"own_nets": "auto", "max_iter": 8, "learning_rate_init": 0.05}
    small_net([saves], **how).fit(*numbers_table())

    net = small_net([LoadInitState(saves)], **how).fit(*numbers_table())

    assert len(net.sharing_) == net.n_outputs_


def test_checkpoint_of_which_a_file_lacks_is_not_half_loaded(tmp_path):
    table = numbers_table()
    saves = Checkpoint(monitor=None, dirname=str(tmp_path))
    small_net([saves], max_iter=5).fit(*table)
    (tmp_path / "optimizer.pt").unlink()

    net = small_net([LoadInitState(saves)]).fit(*table)

    assert net.n_iter_ == 3
    assert_array_equal(net.predict(table[0]), small_net().fit(*table).predict(table[0]))


def test_net_can_be_pickled_while_it_trains(tmp_path):
    saves = Checkpoint(monitor=None, f_pickle=str(tmp_path / "net.pkl"))
    saves.set_params(f_params=None, f_optimizer=None, f_criterion=None, f_history=None)
    small_net([saves]).fit(*numbers_table())

    with open(tmp_path / "net.pkl", "rb") as file:
        assert len(pickle.load(file).history) == 3


def saves_a_pickle(folder):
    saves = Checkpoint(monitor=None, f_pickle="net.pkl", dirname=str(folder))
    saves.set_params(f_params=None, f_optimizer=None, f_criterion=None, f_history=None)
    return saves


class HoldsAFunction(Callback):
    """Cannot be pickled from the third epoch on."""

    def on_epoch_begin(self, net, **kwargs):
        self.function = (lambda: None) if len(net.history) == 3 else None


def test_pickle_of_a_net_that_cannot_be_pickled_leaves_the_one_before(tmp_path):
    saves = saves_a_pickle(tmp_path)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        small_net([HoldsAFunction(), saves]).fit(*numbers_table())

    assert list(files_of(tmp_path)) == ["net.pkl"]
    net = pickle.loads(files_of(tmp_path)["net.pkl"])
    assert len(net.history) == 2
    assert saves.f_pickle == "net.pkl"


def test_pickle_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    def full(*paths):
        raise OSError("disk is full")

    monkeypatch.setattr("os.replace", full)
    with pytest.warns(UserWarning, match=r"net\.pkl could not.*disk is full"):
        small_net([saves_a_pickle(tmp_path)]).fit(*numbers_table())

    assert files_of(tmp_path) == {}
