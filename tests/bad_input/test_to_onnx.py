"""What `to_onnx` refuses, by name and with the remedy."""

import sys

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from sklearn_mtl.io import to_onnx
from sklearn_mtl.nn import Sharing
from sklearn_mtl.tasks import Regression

TINY = {
    "hidden_layer_sizes": (4,),
    "n_members": 1,
    "max_iter": 1,
    "early_stopping": False,
}
X = np.random.default_rng(0).normal(size=(30, 2))


class Doubled(Regression):
    def response(self, raw):
        return 2 * super().response(raw)


class OtherLoss(Regression):
    @staticmethod
    def loss(raw, codes):
        return (raw.squeeze(-1) - codes).square().square()


class Own(Sharing):
    def setup(self, *, n_members, n_tasks, n_features, sizes, hidden):
        self.layer = hidden.layer((n_members,), n_features, sizes[-1])
        self.n_units = sizes[-1]

    def forward(self, features):
        return self.layer(features)


def fitted(X=X, y=X[:, 0], **params):
    return MultiTaskNetEstimator(**TINY | params).fit(X, y)


def frame(**columns):
    return pd.DataFrame({"number": X[:, 0]} | columns)


def mixed_cells():
    return np.resize(np.array(["a", 1], object), 30)


CASES = {
    "kind": (lambda: fitted(task_types=Doubled()), X, "Column 0.*Doubled"),
    "sharing": (lambda: fitted(sharing=Own()), X, "Own, a part of the network"),
    "sparse fit": (lambda: fitted(sparse.csr_matrix(X)), X, "fitted on a sparse X"),
    "sparse sample": (fitted, sparse.csr_matrix(X), "A sparse X_sample"),
    "mixed categories": (
        lambda: fitted(frame(cell=mixed_cells())),
        frame(cell=mixed_cells()),
        "Column 'cell' of X, which holds strings beside",
    ),
    "mixed classes": (
        lambda: fitted(y=mixed_cells(), task_types="binary"),
        X,
        "Column 0 of y, which holds classes such as 1, 'a'",
    ),
    "empty string": (
        lambda: fitted(frame(cell=np.resize(np.array(["", "a", None], object), 30))),
        frame(cell="a"),
        "Column 'cell' of X, where ''",
    ),
    "one name twice": (
        lambda: fitted(frame(), frame()),
        frame(),
        "Two inputs or outputs named 'number'",
    ),
    "name of a node": (
        lambda: fitted(frame().add_prefix("/")),
        frame().add_prefix("/"),
        "A column named '/number'",
    ),
}


@pytest.mark.parametrize(("fit", "sample", "match"), CASES.values(), ids=CASES)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_has_no_form_is_named(fit, sample, match):
    pytest.importorskip("onnx")
    net = fit()

    with pytest.raises(ValueError, match=match):
        to_onnx(net, sample)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_classes_without_any_label():
    pytest.importorskip("onnx")
    y = pd.DataFrame({"a": X[:, 0], "b": pd.Categorical([None] * 30)})

    with pytest.raises(ValueError, match="Column 'b' of y, which had no label"):
        to_onnx(fitted(y=y), X)


def test_kind_with_another_loss_alone_is_written():
    pytest.importorskip("onnx")

    assert to_onnx(fitted(task_types=OtherLoss()), X).graph.output[0].name == "y0"


def test_other_estimators():
    pytest.importorskip("onnx")
    with pytest.raises(TypeError, match="no LinearRegression"):
        to_onnx(LinearRegression().fit(X, X), X)
    with pytest.raises(TypeError, match="no TaskRegressor"):
        to_onnx(fitted().estimators_[0], X)
    with pytest.raises(NotFittedError):
        to_onnx(MultiTaskNetRegressor(), X)
    with pytest.raises(ValueError, match="1 features"):
        to_onnx(fitted(), X[:, :1])


def test_onnx_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)

    with pytest.raises(ImportError, match=r"pip install 'sklearn-mtl\[onnx\]'"):
        to_onnx(fitted(), X)
