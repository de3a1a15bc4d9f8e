"""Levels at which intervals hold all numbers of a row together."""

import numpy as np
import pytest

from sklearn_mtl.joint import joint_level
from tests.joint.helpers import made

THREE = ("number",) * 3


@pytest.mark.parametrize("missing", [0.0, 0.4])
@pytest.mark.parametrize(("correlation", "level"), [(0.0, 0.965), (0.99, 0.905)])
def test_level_lies_between_one_column_and_independent_ones(
    correlation, level, missing
):
    record = made(6000, correlation, THREE, missing=missing).record()
    assert abs(joint_level(record, 0.9, normalize=True) - level) < 0.012


def test_level_is_never_beyond_bonferroni():
    record = made(30, 0.0, THREE).record()
    for coverage in (0.5, 0.9, 0.99):
        level = joint_level(record, coverage, normalize=False)
        assert coverage <= level <= 1 - (1 - coverage) / 3


def test_one_number_needs_no_more_than_its_coverage():
    record = made(100, 0.5, ("number", "binary", "number")).record()
    record.labels[:, 2] = np.nan
    assert joint_level(record, 0.8, normalize=True) == 0.8
