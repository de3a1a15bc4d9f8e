"""What is kept of held-out rows."""

import pickle

import numpy as np

from sklearn_mtl.joint import rows_to_keep
from tests.joint.helpers import made


def test_what_is_learned_is_not_stored():
    record = made(100, 0.5).record()
    before = len(pickle.dumps(record))
    assert record.copula is record.copula
    assert len(pickle.dumps(record)) == before
    assert "copula" not in vars(pickle.loads(pickle.dumps(record)))


def test_no_more_rows_are_kept_than_are_needed():
    few = [np.empty((300, 2))]
    assert np.array_equal(rows_to_keep(300, few), np.arange(300))
    many = [np.empty((50_000, 2))] * 3
    kept = rows_to_keep(50_000, many)
    assert len(kept) == len(set(kept)) == 20_000
    assert kept[-1] == 49_999
    wide = rows_to_keep(50_000, [np.empty((50_000, 2))] * 300)
    assert len(wide) < 4000
