"""Files that earlier releases wrote are read, and predict what they did.

Before a release, a file joins them: ``save(net, path, with_oof=False)`` of a net that
was fitted to `frames` for 20 epochs with the settings `SMALL` of `tests.io.models`.
"""

import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_mtl.io import load
from tests.io.models import frames

FOLDER = Path(__file__).parent / "releases"
PRICES = {"0.1.0": [16.4948928, 16.1573867, 19.1474345, 16.8099736]}
SOLD = {"0.1.0": [0.74968776, 0.71708759, 0.95793361, 0.78974230]}


@pytest.mark.parametrize("version", PRICES)
def test_a_file_of_each_release_predicts_as_it_did(version):
    pytest.importorskip("pandas")
    X, _ = frames()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that the version is another
        net = load(FOLDER / f"{version}.safetensors")

    found = net.predict(X[:4])
    assert_allclose(found["price"], PRICES[version], rtol=1e-6)
    assert_allclose(net.predict_proba(X[:4])[1][:, 1], SOLD[version], rtol=1e-6)
    lower, upper = net.predict_interval(X[:4])
    assert np.all(lower["price"] < upper["price"])
    assert net.sharing_.tolist() == ["shared", "shared"]
    assert net.get_params().keys() == type(net)().get_params().keys()
