"""Frames of data sets need pandas, and say so where it is missing."""

import sys

import pytest

from sklearn_mtl import datasets


@pytest.mark.parametrize("name", datasets.__all__)
def test_frames_without_pandas_raise_what_to_do(monkeypatch, name):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=f"{name} with as_frame=True .*pip install"):
        getattr(datasets, name)(as_frame=True)


def test_arrays_need_neither_pandas_nor_pyarrow(monkeypatch):
    for library in ("pandas", "pyarrow"):
        monkeypatch.setitem(sys.modules, library, None)
    assert datasets.load_student_performance().data.shape[0] == 649
    assert datasets.load_energy_efficiency().data.shape[0] == 768
    assert datasets.make_multitask()[0].shape[0] > 0
