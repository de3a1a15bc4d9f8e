"""Frames of data sets need pandas, and say so where it is missing."""

import subprocess
import sys

import pytest

from sklearn_mtl import datasets


@pytest.mark.parametrize("name", datasets.__all__)
def test_frames_without_pandas_raise_what_to_do(monkeypatch, name):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=f"{name} with as_frame=True .*pip install"):
        getattr(datasets, name)(as_frame=True)


def test_datasets_import_neither_pandas_nor_pyarrow():
    code = (
        "import sys\n"
        "from sklearn_mtl import datasets\n"
        "before = set(sys.modules)\n"
        "datasets.load_student_performance(), datasets.load_energy_efficiency()\n"
        "datasets.make_multitask()\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "assert not new & {'pandas', 'pyarrow'}, new\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
