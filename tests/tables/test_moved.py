import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_mtl.tables import TargetTable, moved_to_y, names_of

X = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]}, index=[7, 8])
Y = pd.DataFrame({"t": [0.5, None]}, index=[7, 8])


def as_polars(frame):
    return pytest.importorskip("polars").DataFrame(frame.to_dict("list"))


CASES = {
    "pandas": lambda: (X, Y),
    "polars": lambda: (as_polars(X), as_polars(Y)),
    "arrays": lambda: (X.to_numpy(), Y.to_numpy()),
    "an array beside a frame": lambda: (X.to_numpy(), Y),
    "a frame beside a list": lambda: (X, Y["t"].tolist()),
    "lists": lambda: (X.to_numpy().tolist(), Y["t"].tolist()),
    "frames of two libraries": lambda: (X, as_polars(Y)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_column_of_X_becomes_the_last_of_y(case):
    left, right = CASES[case]()
    rest, wider = moved_to_y(left, right, 1)
    columns = TargetTable(wider).columns
    assert len(columns) == 2
    assert columns[1].values.tolist() == ["x", "y"]
    assert columns[0].missing.tolist() == [False, True]
    assert len(names_of(rest)) == 1
    assert type(rest) is type(left) or isinstance(left, list)


def test_of_a_sparse_table_too():
    rest, wider = moved_to_y(sparse.csr_matrix(np.eye(3)), np.zeros(3), 0)
    assert rest.shape == (3, 2)
    np.testing.assert_array_equal(wider, [[0, 1], [0, 0], [0, 0]])
