"""Names that print alike stay apart."""

import numpy as np
import pytest

from sklearn_mtl.tables import FeatureEncoder, printed_names
from tests.helpers import of_objects


@pytest.mark.parametrize(
    ("names", "printed"),
    [
        (["a", 1, ("b", 2)], ["a", "1", "('b', 2)"]),
        ([1, "1", "a"], ["1", "'1'", "a"]),
        ([None, "None", "'None'"], ["None", "'None'", "'None' (2)"]),
    ],
)
def test_names_are_printed_apart(names, printed):
    assert printed_names(names) == printed


def test_features_of_like_names_are_two():
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame(
        {
            "town": of_objects(1, "1", "missing", None),
            "size": [1.0, np.nan, 3.0, 2.0],
            "size_missing": [0.0, 1.0, 2.0, 3.0],
        }
    )
    names = FeatureEncoder().fit(X, np.ones(4)).feature_names_out_

    assert len(set(names)) == len(names)
    assert {"town_1", "town_'1'", "size_missing", "size_missing (2)"} <= set(names)
