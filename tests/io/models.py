"""Unlike fitted estimators, small ones, by name."""

import datetime as dt

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.metrics import r2_score
from sklearn.model_selection import GroupKFold, KFold
from torch import nn

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)
from sklearn_mtl.balancing import FixedWeights, PCGrad
from sklearn_mtl.metrics import make_task_scorer
from sklearn_mtl.model_selection import MultiTaskStratifiedKFold
from sklearn_mtl.nn import (
    Autoencoder,
    MultiTaskNetwork,
    Sharing,
    VariationalAutoencoder,
)
from sklearn_mtl.tasks import ClassTree, Quantile, Regression, Survival
from tests.helpers import homes, of_objects, sales_of, two_groups

SMALL = {
    "hidden_layer_sizes": (8,),
    "n_members": 2,
    "max_iter": 2,
    "learning_rate_init": 0.01,
    "random_state": 0,
    "device": "cpu",
}


class Cauchy(Regression):
    kind = "cauchy"

    @staticmethod
    def loss(raw, codes):
        return torch.log1p((raw.squeeze(-1) - codes).square())


class Scale(nn.Module):
    def __init__(self, n_members, n_features):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(n_members, 1, n_features))

    def forward(self, x):
        return x * self.factor


class Scaled(Sharing):
    def setup(self, *, n_members, n_tasks, n_features, sizes, hidden):
        self.scale = Scale(n_members, n_features)
        self.layer = hidden.layer((n_members,), n_features, sizes[-1])
        self.n_units = sizes[-1]

    def forward(self, features):
        return self.layer(self.scale(features))


class Halved(FixedWeights):
    def combine(self, loss):
        return super().combine(loss) / 2


class OwnNetwork(MultiTaskNetwork):
    def forward(self, x):
        return super().forward(x * 0.5)


OWN = (Cauchy, Halved, OwnNetwork, Scale, Scaled)


def numbers(n_rows=60):
    X = np.random.default_rng(0).normal(size=(n_rows, 4))
    return X, np.column_stack([X[:, 0], X[:, 1] ** 2, X[:, 2] + X[:, 3]])


def mixed(n_rows=60):
    X, y = numbers(n_rows)
    cells = y.astype(object)
    cells[:, 1] = np.where(X[:, 1] > 0, "yes", "no")
    cells[:, 2] = np.array(["a", "b", "c"], dtype=object)[np.arange(n_rows) % 3]
    cells[::5, 0] = None
    cells[1::7, 1] = None
    return X, cells


def positive(n_rows=60):
    X, y = numbers(n_rows)
    counts = np.random.default_rng(1).poisson(3, n_rows)
    return X, np.column_stack([np.exp(y[:, 0]), counts, counts])


def of_classes(n_rows=60):
    X, _ = numbers(n_rows)
    return X, np.column_stack([X[:, 0] > 0, np.arange(n_rows) % 3])


def frames():
    X = homes(60)
    return X, sales_of(X)


def nullable():
    pd = pytest.importorskip("pandas")
    X, y = frames()
    many = pd.array(([3, None, 5, 7] * 15), dtype="Int64")
    y = y.assign(many=many, flag=pd.array(([True, False, None] * 20), dtype="boolean"))
    grade = pd.Categorical(["low", "mid", "high"] * 20, ["low", "mid", "high"], True)
    y["grade"] = grade
    y.columns = pd.MultiIndex.from_product([["sale"], list(y.columns)])
    X.index = y.index = pd.date_range("2026-01-01", periods=60, tz="Europe/Berlin")
    return X.assign(day=X.index, code=pd.array([1, 2] * 30, dtype="Int16")), y


def dates():
    X, y = mixed()
    start = dt.datetime(2025, 3, 1, 12)
    day = of_objects(*[start + dt.timedelta(hours=7 * i) for i in range(60)])
    level = of_objects(*[dt.date(2020, 1, 1 + i % 3) for i in range(60)])
    return np.column_stack([X.astype(object), day, level]), y


def of_polars():
    pl = pytest.importorskip("polars")
    X, y = mixed()
    frame = pl.DataFrame({"a": X[:, 0], "b": list("xyz") * 20})
    grade = pl.Series("grade", y[:, 2].tolist(), dtype=pl.Enum(["a", "b", "c"]))
    target = pl.DataFrame({"n": y[:, 0].tolist(), "yes": y[:, 1].tolist()})
    return frame, target.with_columns(grade)


def of_arrow():
    frame, target = of_polars()
    return frame.to_arrow(), target.to_arrow()


def series():
    X, y = frames()
    return X, y["price"]


def of_sparse():
    X, y = numbers()
    return sparse.csr_array(np.where(X > 0.5, X, 0.0)), y


def groups():
    return two_groups(60)


def fitted(table, kind=MultiTaskNetEstimator, fit=None, **parameters):
    """Fit a net; returns it and its X and y."""
    X, y = table()
    extra = {} if fit is None else fit(X, y)
    return kind(**{**SMALL, **parameters}).fit(X, y, **extra), X, y


def case(table, **parameters):
    return lambda: fitted(table, **parameters)


def by_kind(*kinds):
    return {"task_types": list(kinds)}


def in_steps():
    X, y = numbers()
    net = MultiTaskNetRegressor(**SMALL)
    return net.partial_fit(X, y).partial_fit(X[:30], y[:30]), X, y


def of_bounds():
    pd = pytest.importorskip("pandas")
    X, y = numbers()
    until = np.where(y[:, 0] > 0, np.inf, y[:, 1] + 1)
    intervals = pd.arrays.IntervalArray.from_arrays(y[:, 1], until)
    words = np.where(y[:, 0] > 0, ">0", y[:, 0].astype(object))
    return X, pd.DataFrame({"words": words, "intervals": intervals})


def of_groups():
    X, y = numbers()
    kinds = np.arange(len(X)) % 6
    shares = np.exp(y[:, :2]) / np.exp(y[:, :2]).sum(axis=1, keepdims=True)
    y = np.column_stack([kinds, shares, kinds // 2]).astype(float)
    y[:20, 3], y[5:10, 1] = np.nan, np.nan
    return X, y


def halves(X, y):
    return {"groups": np.arange(len(X)) // 4}


def held_out(X, y):
    return {"X_val": X[:20], "y_val": y[:20]}


R, C = MultiTaskNetRegressor, MultiTaskNetClassifier

MODELS = {
    "numbers": case(numbers, kind=R),
    "one column": case(lambda: (numbers()[0], numbers()[1][:, 0]), kind=R),
    "mixed": case(mixed),
    "classes": case(of_classes, kind=C),
    "frame": case(frames),
    "series": case(series, kind=R),
    "nullable": case(nullable),
    "dates": case(dates),
    "polars": case(of_polars),
    "arrow": case(of_arrow),
    "sparse": case(of_sparse, kind=R),
    "no early stopping": case(numbers, kind=R, early_stopping=False),
    "in steps": in_steps,
    "warm start": case(mixed, warm_start=True),
    "quantile": case(
        numbers, **by_kind(Quantile((0.1, 0.9)), "regression", "regression")
    ),
    "robust": case(numbers, **by_kind("laplace", "huber", "heteroscedastic")),
    "bounds": case(of_bounds),
    "together": case(of_groups, task_types={(1, 2): "simplex", (3, 0): ClassTree()}),
    "times": case(of_bounds, task_types={"intervals": Survival(4)}),
    "positive": case(positive, **by_kind("gamma", "count", "negative_binomial")),
    "ordinal": case(of_classes, **by_kind("binary", "ordinal")),
    "autoencoder": case(mixed, reconstruction=Autoencoder(2)),
    "generative": case(
        frames, reconstruction=VariationalAutoencoder(2), hidden_layer_sizes=(8, 4)
    ),
    "groups": case(groups, kind=R, max_iter=8, n_iter_no_change=2, n_members=3),
    "uncertainty": case(mixed, balancing="uncertainty"),
    "pcgrad": case(numbers, kind=R, balancing=PCGrad()),
    "heads": case(mixed, head_hidden_layer_sizes=(4,)),
    "unlike heads": case(mixed, head_hidden_layer_sizes={0: (4,), 2: (3, 3)}),
    "sparse heads": case(numbers, kind=R, head_sparsity=0.1),
    "bins": case(numbers, kind=R, n_bins=4),
    "no bins": case(frames, n_bins=0, scale_inputs=False),
    "maxout": case(numbers, kind=R, activation="maxout", max_norm=1.0),
    "noise": case(numbers, kind=R, input_dropout=0.2, dropout=0.3),
    "gelu, sgd": case(mixed, activation="gelu", solver="sgd"),
    "adaptive": case(numbers, kind=R, learning_rate="adaptive"),
    "invscaling": case(numbers, kind=R, learning_rate="invscaling"),
    "folds": case(mixed, cv=MultiTaskStratifiedKFold(3)),
    "groups held out": case(numbers, kind=R, cv=GroupKFold(3), fit=halves),
    "KFold, calibrated": case(mixed, cv=KFold(3), calibrate=True, max_iter=6),
    "validation rows": case(mixed, fit=held_out),
    "float64": case(numbers, kind=R, dtype="float64", precision="float32"),
    "bfloat16": case(numbers, kind=R, precision="bfloat16"),
    "draws": case(numbers, kind=R, random_state=np.random.RandomState(3)),
    "weights": case(mixed, class_weight="balanced", task_weights=[1.0, 2.0, 0.5]),
    "score": case(numbers, kind=R, scoring="r2"),
    "scorer": case(numbers, kind=R, scoring=make_task_scorer(r2_score)),
    "auxiliary column": case(mixed, auxiliary=[0]),
    "without own nets": case(groups, kind=R, own_nets="never"),
    "torch's optimizer": case(
        numbers, kind=R, net_params={"optimizer": torch.optim.Adam}
    ),
    "own kind": case(numbers, **by_kind(Cauchy(), "regression", Cauchy())),
    "own sharing": case(numbers, kind=R, sharing=Scaled()),
    "own balancing": case(numbers, kind=R, balancing=Halved()),
    "own module": case(numbers, kind=R, net_params={"module": OwnNetwork}),
    "not fitted": lambda: (MultiTaskNetEstimator(**SMALL), None, None),
}


METHODS = (
    "predict",
    "transform",
    "predict_proba",
    "predict_interval",
    "sample_y",
    "predict_set",
    "score_samples",
)
LEARNED = (
    "oof_predictions_",
    "oof_score_",
    "history_",
    "sharing_",
    "shrinkage_",
    "n_iter_",
    "best_epoch_",
)


def answers(net, X, y):
    """Everything that a net says, by method and attribute; errors as their text."""
    found = {}
    for method in METHODS:
        if hasattr(net, method):
            found[method] = answer(getattr(net, method), X)
    found["score"] = answer(net.score, X, y)
    found["views"] = [view.predict(X) for view in net.estimators_]
    return found | {name: getattr(net, name, None) for name in LEARNED}


def answer(method, *args):
    try:
        return method(*args)
    except (TypeError, ValueError) as error:
        return str(error)


def assert_same(found, known, where="answers"):
    """Compare exactly, types of containers included."""
    assert type(found) is type(known), where
    if isinstance(known, np.ndarray | np.generic):
        assert found.dtype == known.dtype, where
        assert_same(found.tolist(), known.tolist(), where)
    elif isinstance(known, dict):
        assert list(found) == list(known), where
        for key, value in known.items():
            assert_same(found[key], value, f"{where}, {key}")
    elif isinstance(known, list | tuple):
        assert len(found) == len(known), where
        for one, other in zip(found, known, strict=True):
            assert_same(one, other, where)
    elif hasattr(known, "shape"):
        assert_same(cells_of(found), cells_of(known), where)
    else:
        assert found == known or found != found, where


def cells_of(frame):
    """Give the columns of a frame or series, their types and the index."""
    if hasattr(frame, "to_pydict"):
        return [str(frame.schema), frame.to_pydict()]
    if not hasattr(frame, "index"):
        return [str(frame.schema), frame.to_dict(as_series=False)]
    if hasattr(frame, "columns"):
        series = [frame.iloc[:, j] for j in range(frame.shape[1])]
        return [frame.columns.tolist(), *map(cells_of, series)]
    cells = [None if cell is pd_missing() else cell for cell in frame.tolist()]
    return [str(frame.dtype), str(frame.index), cells]


def pd_missing():
    return pytest.importorskip("pandas").NA
