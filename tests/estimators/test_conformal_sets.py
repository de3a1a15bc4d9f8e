"""Prediction sets of classes."""

import numpy as np
import pytest

from sklearn_mtl import MultiTaskNetClassifier, MultiTaskNetEstimator
from sklearn_mtl.estimators._conformal import row_draws
from tests.estimators.helpers import (
    FIVE_MEMBERS,
    INTERVAL_METHODS,
    encoded,
    made_table,
)


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95])
def test_sets_cover_what_is_asked(fitted_several, coverage):
    for method in INTERVAL_METHODS:
        shares = []
        for fitted, X, y in fitted_several:
            sets = fitted.net.predict_set(X, coverage, method=method)
            assert [s is None for s in sets] == [True, True, False]
            assert sets[2].shape == (len(X), 4)
            assert sets[2].dtype == bool
            shares.append(sets[2][np.arange(len(X)), y[:, 2].astype(int)].mean())
        least, most = (-0.04, 0.04) if method == "fold" else (-0.03, 0.08)
        assert coverage + least < np.mean(shares) < coverage + most


@pytest.mark.parametrize("method", INTERVAL_METHODS)
def test_larger_sets_for_more(fitted_words, method):
    X = np.random.default_rng(2).normal(size=(500, 6))
    sizes, before = [], np.zeros((500, 4), dtype=bool)
    for coverage in (0.2, 0.5, 0.8, 0.9, 0.95):
        (sets,) = fitted_words.net.predict_set(X, coverage, method=method)
        assert (sets >= before).all()
        sizes.append(sets.sum(axis=1).mean())
        before = sets
    assert (np.diff(sizes) > 0).all()


def set_of_depth(probabilities, depth, draw):
    """Romano et al.'s S(x, u; tau): down from the likeliest until tau is reached."""
    order = sorted(range(len(probabilities)), key=lambda c: -probabilities[c])
    chosen, total = [], 0.0
    for c in order:
        chosen.append(c)
        total += probabilities[c]
        if total >= depth:
            # The last class is dropped as often as it overshoots.
            if draw > 1 - (total - depth) / probabilities[c]:
                chosen.pop()
            break
    return chosen


def score_of_label(probabilities, label, draw):
    """Romano et al.'s E: the least tau whose set holds the label."""
    above = sum(p for p in probabilities if p > probabilities[label])
    return above + draw * probabilities[label]


@pytest.mark.parametrize("coverage", [0.3, 0.6, 0.9, 0.97])
@pytest.mark.parametrize("method", INTERVAL_METHODS)
def test_sets_are_those_of_romano_et_al(fitted_words, new_rows, method, coverage):
    (sets,) = fitted_words.net.predict_set(new_rows, coverage, method=method)
    labelled = ~np.isnan(fitted_words.y[:, 0])
    X, codes = fitted_words.X[labelled], fitted_words.y[labelled, 0].astype(int)
    held = (~fitted_words.trains).argmax(axis=0)
    on_rows, on_new = fitted_words.members(X, 0), fitted_words.members(new_rows, 0)
    u = np.random.RandomState(0).uniform(size=len(X))
    scores = [
        score_of_label(on_rows[held[i], i], codes[i], u[i]) for i in range(len(X))
    ]
    features = encoded(fitted_words.net, new_rows)
    which, last = row_draws(features)
    n = len(scores)
    for j in range(len(new_rows)):
        if method == "fold":
            depth = sorted(scores)[int(np.ceil(coverage * (n + 1) - 1e-9)) - 1]
            chosen = set_of_depth(on_new[int(which[j] * 5), j], depth, last[j])
        else:
            chosen = []
            for c in range(4):
                beaten = sum(
                    scores[i] < score_of_label(on_new[held[i], j], c, last[j])
                    for i in range(n)
                )
                if beaten < coverage * (n + 1):
                    chosen.append(c)
        assert np.flatnonzero(sets[j]).tolist() == sorted(chosen)


def test_sets_may_be_empty_below_the_accuracy():
    X = np.random.default_rng(0).normal(size=(300, 2))
    y = np.where(X[:, 0] > 0, "up", "down")
    net = MultiTaskNetClassifier(**FIVE_MEMBERS).fit(X, y)
    assert net.oof_score_ > 0.95
    sets = net.predict_set(X, 0.6)
    assert sets.shape == (300, 2)
    assert 0.3 < (sets.sum(axis=1) == 0).mean() < 0.45
    single = sets.sum(axis=1) == 1
    said = net.predict(X) == net.classes_[sets.argmax(axis=1)]
    assert said[single].mean() > 0.95


def test_sets_are_aligned_with_probabilities(frames):
    X, y = frames
    net = MultiTaskNetEstimator(**FIVE_MEMBERS).fit(X, y)
    sets, probabilities = net.predict_set(X), net.predict_proba(X)
    for chosen, probability in zip(sets, probabilities, strict=True):
        assert (chosen is None) == (probability is None)
        if chosen is not None:
            assert chosen.shape == probability.shape


def test_estimators_offer_what_their_columns_have(fitted_numbers, fitted_words, frames):
    assert hasattr(MultiTaskNetEstimator(), "predict_interval")
    assert hasattr(MultiTaskNetEstimator(), "predict_set")
    assert hasattr(fitted_numbers.net, "predict_interval")
    assert not hasattr(fitted_numbers.net, "predict_set")
    assert hasattr(fitted_words.net, "predict_set")
    assert not hasattr(fitted_words.net, "predict_interval")
    net = MultiTaskNetEstimator(**FIVE_MEMBERS)
    assert not hasattr(
        net.fit(fitted_words.X, fitted_words.y.astype(str)), "predict_interval"
    )
    assert not hasattr(net.fit(*made_table(60, ["regression"])), "predict_set")
