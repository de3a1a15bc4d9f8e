"""Ways of sharing, compared on the same folds."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.datasets import make_multitask
from sklearn_mtl.inspection import compare_sharing, compare_single_task
from sklearn_mtl.inspection._sharing import _by_name, _summary
from sklearn_mtl.nn import SHARING, MixtureOfExperts

pytest.importorskip("pandas")

X, Y = make_multitask(80, 5, n_tasks=3, random_state=0)
TINY = {"hidden_layer_sizes": (4,), "n_members": 2, "max_iter": 2, "random_state": 0}


def test_each_way_is_a_row_and_the_estimator_stays_as_it_was():
    mixture = MixtureOfExperts(n_experts=2)
    net = MultiTaskNetEstimator(**TINY, sharing="soft")
    pipeline = make_pipeline(StandardScaler(), net)

    found = compare_sharing(pipeline, X, Y, cv=2, ways=["none", mixture])

    assert found.ways == ["hard", "none", "MixtureOfExperts(n_experts=2)"]
    assert list(found.table.index) == found.ways
    assert found.skill.shape == (3, 2, 3)
    assert found.interval.shape == (3, 3, 2)
    assert_allclose(found.table["skill"], found.skill.mean(axis=(1, 2)))
    assert_allclose(found.table["worst"], found.skill.mean(axis=1).min(axis=1))
    assert (found.table["seconds"] > 0).all()
    assert net.sharing == "soft"
    assert not hasattr(net, "net_")


def test_hard_sharing_is_that_of_compare_single_task():
    net = MultiTaskNetEstimator(**TINY, dropout=0.0)
    cv = [(np.arange(50), np.arange(50, 80))]

    found = compare_sharing(net, X, Y, cv, ways=["hard"])

    shared = compare_single_task(net, X, Y, cv).multi_scores
    assert_allclose(found.skill[0], shared, atol=1e-5)
    assert np.isnan(found.interval).all()


def test_differences_by_hand():
    hard = np.array([[0.1, 0.5], [0.3, 0.1]])
    soft = hard + np.array([[0.1, 0.3], [0.2, -0.2]])

    found = _summary(
        ["hard", "soft"], ["a", "b"], np.stack([hard, soft]), np.ones(2), 0.5, 0.95
    )

    assert found.table.loc["hard", ["difference", "low", "high"]].tolist() == [0, 0, 0]
    assert found.table.loc["soft", "difference"] == pytest.approx(0.1)
    # The mean gains are 0.2 and 0; t(1) at 97.5 % is 12.7062.
    half = 12.7062 * 0.2 / np.sqrt(2) * np.sqrt(1 / 2 + 0.5)
    assert found.table.loc["soft", "high"] == pytest.approx(0.1 + half, rel=1e-5)
    assert found.table["worst column"].tolist() == ["a", "a"]
    assert_allclose(found.difference, [[0, 0], [0.15, 0.05]])


def test_all_named_ways_are_tried_unless_told():
    assert list(_by_name(list(SHARING))) == list(SHARING)


@pytest.mark.parametrize(
    ("ways", "message"),
    [
        ("mmoe", r"ways='mmoe' is one name\. Pass a list, as \['mmoe'\]"),
        (["hard", "moe"], r"ways\[1\]='moe' is no way of sharing\. Choose from 'hard'"),
        ([np.zeros(2)], r"ways\[0\]=array"),
        (["mmoe", "mmoe"], "ways holds mmoe twice"),
    ],
)
def test_ways_that_are_none(ways, message):
    with pytest.raises(ValueError, match=message):
        compare_sharing(MultiTaskNetEstimator(), X, Y, ways=ways)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(TypeError, match=r"Ridge\. Pass a MultiTaskNetEstimator"):
        compare_sharing(Ridge(), X, Y)
    with pytest.raises(ValueError, match="single column"):
        compare_sharing(MultiTaskNetEstimator(), X, Y[:, 0])
    with pytest.raises(ValueError, match=r"'confidence'.*Got 95 instead"):
        compare_sharing(MultiTaskNetEstimator(), X, Y, confidence=95)
    linear = MultiTaskNetEstimator(**TINY | {"hidden_layer_sizes": ()})
    with pytest.raises(ValueError, match="hidden_layer_sizes is empty"):
        compare_sharing(linear, X, Y, cv=2, ways=["soft"])
