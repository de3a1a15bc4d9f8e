"""Weights that are refused, and what the message says."""

import re

import numpy as np
import pytest

from sklearn_mtl import MultiTaskNetEstimator
from tests.bad_input.helpers import SMALL, refuses, refuses_before_and_after_fit


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
def test_weight_that_is_negative_or_not_finite(X, y, weight):
    weights = np.ones(30)
    weights[4] = weight
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL),
        ["sample_weight", f"{weight}", "row 4", "at least 0"],
        X,
        y,
        sample_weight=weights,
    )
    weights = np.ones((30, 2))
    weights[4, 1] = weight
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL),
        ["sample_weight", f"{weight}", "row 4", "'size'"],
        X,
        y,
        sample_weight=weights,
    )


@pytest.mark.parametrize("shape", [(29,), (30, 3), (2, 30), (30, 2, 1)])
def test_weights_of_wrong_shape(X, y, shape):
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL),
        ["sample_weight", re.escape(str(shape)), r"\(30,\)", r"\(30, 2\)"],
        X,
        y,
        sample_weight=np.ones(shape),
    )


def test_weights_that_are_all_zero(X, y):
    refuses_before_and_after_fit(
        MultiTaskNetEstimator(**SMALL),
        ["[Ss]ample weights", "non-zero"],
        X,
        y,
        sample_weight=np.zeros(30),
    )
    y.loc[15:, "price"], y.loc[15:, "size"] = np.nan, None
    refuses(
        MultiTaskNetEstimator(**SMALL),
        ["no label that counts", "weight 0"],
        X,
        y,
        sample_weight=np.r_[np.zeros(15), np.ones(15)],
    )


@pytest.mark.parametrize("weight", [-1.0, np.nan])
def test_wrong_weights_of_score(X, y, weight):
    net = MultiTaskNetEstimator(**SMALL).fit(X, y)
    with pytest.raises(ValueError, match="sample_weight"):
        net.score(X, y, sample_weight=np.full(30, weight))


@pytest.mark.parametrize("least", [1e-20, 1e-300])
@pytest.mark.parametrize("given", ["class_weight", "sample_weight"])
@pytest.mark.parametrize("rare", ["lo", "hi"])
def test_weights_beside_which_a_class_is_nothing(X, y, rare, given, least):
    weights = {"lo": 1.0, "hi": 1.0, rare: least}
    by_row = y["size"].map(weights).to_numpy()
    net = MultiTaskNetEstimator(**SMALL)
    fit = {}
    if given == "class_weight":
        net.set_params(class_weight=weights)
    else:
        fit["sample_weight"] = by_row
    words = [given, f"'{rare}'", "'size'", "leave"]
    refuses(net, words, X, y, **fit)


@pytest.mark.parametrize("weight", [10**400, -1, np.inf, np.nan])
def test_weight_of_a_class_that_is_no_weight(X, y, weight):
    net = MultiTaskNetEstimator(**SMALL, class_weight={"lo": weight})
    refuses(net, ["class_weight", "'lo'", "'size'", "finite"], X, y)


@pytest.mark.parametrize("rare", ["lo", "hi"])
def test_light_classes_are_learned(X, y, rare):
    net = MultiTaskNetEstimator(**SMALL, class_weight={rare: 1e-18})
    assert np.isfinite(net.fit(X, y).predict_proba(X)[1]).all()
