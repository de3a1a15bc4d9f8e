"""Scores of joint draws."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose

from sklearn_mtl.metrics import energy_score, variogram_score

BOTH = [energy_score, variogram_score]


def energy_by_hand(label, draws, pairs):
    """Score one row; draws of shape (M, T)."""
    errors = np.mean([np.linalg.norm(draw - label) for draw in draws])
    spread = sum(np.linalg.norm(a - b) for a in draws for b in draws)
    return errors - spread / 2 / pairs


def variogram_by_hand(label, draws, p):
    """Score one row as the formula of Scheuerer and Hamill says."""
    total = 0.0
    for i in range(len(label)):
        for j in range(len(label)):
            drawn = np.mean([abs(draw[i] - draw[j]) ** p for draw in draws])
            total += (abs(label[i] - label[j]) ** p - drawn) ** 2
    return total


def variogram_fair_by_hand(label, draws, p):
    """Score as a kernel score: errors of each draw, less half of what pairs differ."""

    def vary(cells):
        return np.abs(cells[:, None] - cells[None]) ** p

    count = len(draws)
    errors = sum(((vary(draw) - vary(label)) ** 2).sum() for draw in draws) / count
    spread = sum(((vary(a) - vary(b)) ** 2).sum() for a in draws for b in draws)
    return errors - spread / 2 / (count * (count - 1))


def test_by_hand(rng):
    labels, draws = rng.normal(size=(3, 4)), rng.normal(size=(3, 4, 6))
    rows = list(zip(labels, draws.transpose(0, 2, 1), strict=True))
    weight = np.array([1.0, 2.0, 0.5])

    def mean(scores):
        return np.average(scores, weights=weight)

    for estimator, pairs in (("nrg", 36), ("fair", 30)):
        found = energy_score(labels, draws, estimator=estimator, sample_weight=weight)
        wanted = mean([energy_by_hand(*row, pairs) for row in rows])
        assert found == pytest.approx(wanted)
    by_hand = {"nrg": variogram_by_hand, "fair": variogram_fair_by_hand}
    for p in (0.5, 1.0):
        for estimator, score in by_hand.items():
            found = variogram_score(
                labels, draws, p=p, estimator=estimator, sample_weight=weight
            )
            assert found == pytest.approx(mean([score(*row, p) for row in rows]))


def test_one_column_is_the_continuous_ranked_probability_score():
    draws = np.array([[0.0, 1.0, 3.0]])
    # Squared distance of the steps of the draws from that of the label: between 0 and
    # 1, between 1 and the label 2, between 2 and 3.
    wanted = (1 / 3) ** 2 + (2 / 3) ** 2 + (1 - 2 / 3) ** 2
    assert energy_score([2.0], draws) == pytest.approx(wanted)


@pytest.mark.parametrize("score", BOTH)
def test_fair_scores_of_few_draws_are_those_of_many(score):
    rng = np.random.default_rng(0)
    labels = rng.normal(size=(400, 3))
    few, many = (rng.normal(size=(400, 3, count)) for count in (3, 300))
    truth = score(labels, many)
    assert score(labels, few, estimator="fair") == pytest.approx(truth, rel=0.05)
    assert score(labels, few) > 1.15 * truth


@pytest.mark.parametrize("score", BOTH)
def test_true_dependence_scores_best(score):
    rng = np.random.default_rng(0)
    common = rng.normal(size=(300, 1))
    labels = common + 0.3 * rng.normal(size=(300, 3))
    joint = rng.normal(size=(300, 1, 60)) + 0.3 * rng.normal(size=(300, 3, 60))
    alone = np.sqrt(1.09) * rng.normal(size=(300, 3, 60))
    assert score(labels, joint) < 0.97 * score(labels, alone)


@pytest.mark.parametrize("score", BOTH)
def test_a_missing_label_is_as_if_it_were_not_there(score, rng):
    labels, draws = rng.normal(size=(5, 4)), rng.normal(size=(5, 4, 6))
    labels[2:, 1] = np.nan
    parts = [
        score(labels[:2], draws[:2]),
        score(labels[2:, [0, 2, 3]], draws[2:, [0, 2, 3]]),
    ]
    wanted = (2 * parts[0] + 3 * parts[1]) / 5
    assert score(labels, draws) == pytest.approx(wanted)
    draws[2:, 1] = np.nan
    empty = np.vstack([labels, np.full((1, 4), np.nan)])
    assert score(empty, np.concatenate([draws, draws[:1]])) == pytest.approx(wanted)
    weights = np.where(np.isnan(labels), 0.0, 1.0)
    full = np.where(np.isnan(labels), 7.0, labels)
    assert score(full, draws, sample_weight=weights) == pytest.approx(wanted)
    assert np.isnan(score(np.full((5, 4), np.nan), draws))


@pytest.mark.parametrize("score", BOTH)
def test_frames_of_draws_and_units(score, rng):
    labels, draws = rng.normal(size=(5, 2)), rng.normal(size=(5, 2, 6))
    wanted = score(labels, draws)
    scaled = labels * [1.0, 1000.0], draws * [[1.0], [1000.0]]
    assert_allclose(score(*scaled, scale=[1.0, 1000.0]), wanted)
    y = pd.DataFrame(labels, columns=["a", "b"])
    keys = [(draw, row) for draw in range(6) for row in range(5)]
    index = pd.MultiIndex.from_tuples(keys, names=["draw", None])
    stacked = draws.transpose(2, 0, 1).reshape(30, 2)
    frame = pd.DataFrame(stacked, columns=["a", "b"], index=index)
    assert_allclose(score(y, frame), wanted)
    frame["b"], y["b"] = frame["b"] * 1000, y["b"] * 1000
    assert_allclose(score(y, frame, scale={"b": 1000}), wanted)
    numbered = pl.DataFrame({"draw": [k[0] for k in keys], "a": frame["a"].to_list()})
    assert_allclose(
        energy_score(pl.DataFrame({"a": labels[:, 0]}), numbered),
        energy_score(labels[:, 0], draws[:, 0]),
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"y_samples": np.zeros((5, 3, 4))}, r"shape \(5, 3, 4\), expected \(5, 2, n"),
        ({"y_samples": np.zeros((5, 2))}, "expected"),
        ({"y_samples": np.zeros((5, 2, 0))}, "expected"),
        ({"y_samples": np.full((5, 2, 3), np.inf)}, "inf in row 0, column 'a', draw 0"),
        ({"y_samples": np.full((5, 2, 3), "x")}, "what is no number"),
        ({"y_samples": pd.DataFrame({"a": [1.0], "c": [1.0]})}, r"\['a', 'c'\], but"),
        ({"y_samples": pd.DataFrame({"a": [1.0], "b": [1.0]})}, "no multiple of the 5"),
        ({"y_samples": np.zeros((5, 2, 1)), "estimator": "fair"}, "one draw"),
        ({"scale": [1.0, 0.0]}, "scale says 0.0 for column 'b'"),
        ({"scale": {"c": 1.0}}, "scale names 'c'"),
        ({"estimator": "crps"}, "'estimator' parameter"),
        ({"sample_weight": [1.0]}, "sample_weight.shape"),
    ],
)
def test_what_does_not_fit_is_refused(change, words):
    y = pd.DataFrame({"a": np.arange(5.0), "b": np.arange(5.0)})
    for score in BOTH:
        with pytest.raises(ValueError, match=words):
            score(**{"y_true": y, "y_samples": np.zeros((5, 2, 3))} | change)


def test_classes_have_no_distance():
    y = pd.DataFrame({"a": ["x", "y"]})
    with pytest.raises(ValueError, match="Column 'a' of y_true holds 'x'"):
        energy_score(y, np.zeros((2, 1, 3)))
