"""Calibration of probabilities by a temperature."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import log_loss

from sklearn_mtl import MultiTaskNetClassifier, MultiTaskNetEstimator
from tests.estimators.helpers import (
    FIVE_MEMBERS,
    INTERVAL_METHODS,
    Fitted,
    made_table,
    tempered,
)


@pytest.fixture(scope="module")
def overconfident():
    """Return two nets, one calibrated, that trust themselves too much.

    One member that takes large steps through one epoch: it can keep no other epoch,
    and no other member tempers what it says.
    """
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2800, 4))
    flip = rng.random(len(X)) < 0.3
    words = np.where((X[:, 0] > 0) ^ flip, "a", np.where(X[:, 1] > 0, "b", "c"))
    y = np.column_stack([X[:, 0].astype(object), words])
    nets = [
        Fitted(
            X=X[:800],
            y=y[:800],
            calibrate=calibrate,
            hidden_layer_sizes=(64, 64),
            n_members=1,
            validation_fraction=0.5,
            alpha=0.0,
            learning_rate_init=0.05,
            batch_size=8,
            max_iter=1,
        )
        for calibrate in (False, True)
    ]
    return *nets, X[800:], y[800:]


def test_temperature_is_the_best_of_a_grid(overconfident):
    plain, calibrated, _, _ = overconfident
    p = plain.out_of_fold(1)
    held_out = ~np.isnan(p[:, 0])
    assert held_out.sum() == 400
    p = p[held_out]
    codes = np.searchsorted(plain.net.classes_[1], plain.y[held_out, 1].astype(str))
    grid = np.exp(np.linspace(np.log(0.2), np.log(5), 3000))
    prior = 0.5 * (np.log(grid) / np.log(2)) ** 2
    cost = [-np.log(tempered(p, t)[np.arange(len(p)), codes]).sum() for t in grid]
    best = grid[np.argmin(cost + prior)]
    assert 1.5 < best < 4.9
    assert_array_equal(plain.net.temperature_, [1.0, 1.0])
    assert calibrated.net.temperature_[0] == 1.0
    assert calibrated.net.temperature_[1] == pytest.approx(best, rel=2e-3)


def test_calibration_mends_overconfidence(overconfident):
    plain, calibrated, X, y = overconfident
    labels = y[:, 1].astype(str)
    before, after = (f.net.predict_proba(X)[1] for f in (plain, calibrated))
    assert_allclose(after.sum(axis=1), 1)
    assert log_loss(labels, after) < log_loss(labels, before) - 0.02
    assert after.max(axis=1).mean() < before.max(axis=1).mean() - 0.05


def test_calibration_leaves_the_rest_as_it_was(overconfident):
    plain, calibrated, X, _ = overconfident
    assert_array_equal(
        plain.net.predict(X)[:, 0].astype(float),
        calibrated.net.predict(X)[:, 0].astype(float),
    )
    view = calibrated.net.estimators_[1]
    assert_array_equal(view.predict_proba(X), calibrated.net.predict_proba(X)[1])
    members = tempered(plain.members(X, 1), calibrated.net.temperature_[1])
    assert_allclose(members.mean(axis=0), view.predict_proba(X), rtol=1e-4, atol=1e-6)
    # A member's likeliest class stays so.
    assert plain.net.oof_score_ == calibrated.net.oof_score_


def test_calibration_sharpens_where_too_little_is_dared():
    """One epoch leaves the net near the prior, though the column is easy."""
    X = np.random.default_rng(0).normal(size=(200, 2))
    y = np.where(X[:, 0] > 0, "up", "down")
    parameters = {**FIVE_MEMBERS, "max_iter": 2, "learning_rate_init": 1e-3}
    plain = MultiTaskNetClassifier(**parameters, calibrate=False).fit(X, y)
    sharp = MultiTaskNetClassifier(**parameters, calibrate=True).fit(X, y)
    assert 0.2 <= sharp.temperature_[0] < 0.7
    assert log_loss(y, sharp.predict_proba(X)) < log_loss(y, plain.predict_proba(X))


def test_nothing_to_calibrate_by():
    X, y = made_table(60, ["regression", "multiclass"])
    y[:, 1] = np.nan
    y[:3, 1] = 1
    net = MultiTaskNetEstimator(
        **FIVE_MEMBERS, calibrate=True, task_types={1: "multiclass"}
    )
    assert_array_equal(net.fit(X, y).temperature_, [1.0, 1.0])


def test_few_labels_say_little_of_the_temperature():
    """All six held-out labels of a perfect column would ask for the coldest one."""
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = np.where(X[:, 0] > 0, "up", "down")
    few = MultiTaskNetClassifier(**{**FIVE_MEMBERS, "n_members": 1}).fit(X, y)
    assert 0.3 < few.temperature_[0] < 1.0


def test_auto_calibrates_where_rows_are_held_out():
    X, y = made_table(100, ["multiclass"])
    net = MultiTaskNetClassifier(**FIVE_MEMBERS).fit(X, y)
    assert net.temperature_[0] != 1.0
    net.set_params(early_stopping=False).fit(X, y)
    assert_array_equal(net.temperature_, [1.0])
    net.set_params(early_stopping=True).partial_fit(X, y)
    assert_array_equal(net.temperature_, [1.0])


@pytest.mark.parametrize("method", INTERVAL_METHODS)
def test_sets_of_calibrated_classes_cover_what_is_asked(overconfident, method):
    _, calibrated, X, y = overconfident
    _, sets = calibrated.net.predict_set(X, 0.8, method=method)
    codes = np.searchsorted(calibrated.net.classes_[1], y[:, 1].astype(str))
    assert 0.75 < sets[np.arange(len(X)), codes].mean() < 0.9


@pytest.mark.parametrize("kind", ["binary", "multiclass", "ordinal"])
def test_every_kind_of_classes_can_be_calibrated(kind, new_rows):
    X, y = made_table(100, [kind])
    net = MultiTaskNetClassifier(**FIVE_MEMBERS, calibrate=True, task_types=kind).fit(
        X, y
    )
    assert 0.2 <= net.temperature_[0] <= 5.0
    assert net.temperature_[0] != 1.0
    assert_allclose(net.predict_proba(new_rows)[0].sum(axis=1), 1)
