"""Later rows unlike those that the reading of X was learned from."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_mtl.tables import FeatureEncoder, varied_since

DAYS = pd.date_range("2020-01-01", periods=3)


@pytest.mark.parametrize(
    ("first", "later", "expected"),
    [
        ([3e9] * 3, [3e9, 3e9 + 1, 3e9], ("a", "3e+09 only", 3e9 + 1)),
        ([0.1] * 3, [0.1, np.nan, 0.1], None),
        ([np.nan] * 3, [np.nan, np.nan, 2.0], ("a", "no number", 2.0)),
        ([np.nan] * 3, [np.nan] * 3, None),
        ([1.0, 2.0, 3.0], [9.0] * 3, None),
        (["u"] * 3, ["u", "v", None], ("a", "'u' only", "v")),
        (["u", "v", "u"], ["w"] * 3, None),
        ([True] * 3, [True, False, True], ("a", "1 only", 0.0)),
        (DAYS[[0, 0, 0]], DAYS, ("a_elapsed", "0 only", 1.0)),
        (
            pd.Categorical(["u"] * 3, ["u", "v"]),
            pd.Categorical(["v"] * 3, ["u", "v"]),
            ("a", "'u' only", "v"),
        ),
    ],
)
def test_columns_that_vary_since(first, later, expected):
    encoder = FeatureEncoder().fit(pd.DataFrame({"a": first}), np.ones(3))
    found = varied_since(encoder, pd.DataFrame({"a": later}))
    assert (found[0] if found else None) == expected


def test_what_is_not_muted_is_not_named():
    X, later = np.ones((3, 1)), np.arange(3.0)[:, None]
    for kind, scaled in ((np.asarray, False), (sparse.csr_matrix, True)):
        encoder = FeatureEncoder(scale_inputs=scaled).fit(kind(X), np.ones(3))
        assert varied_since(encoder, kind(later)) == []
