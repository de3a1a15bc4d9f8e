"""Wrong values of every parameter and of every argument of every method."""

import inspect
import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.nn import VariationalAutoencoder
from tests.fuzz.parameters import ALLOWED, TINY
from tests.fuzz.wrong import expect, expect_same_state, expect_told, state_of

METHODS = (
    "fit",
    "partial_fit",
    "predict",
    "predict_interval",
    "sample_y",
    "predict_set",
    "transform",
    "sample",
    "score_samples",
    "score",
)
VALUES = (
    *(None, True, -1, 0, 2.5, 10**30, 1e300, 1e-300, np.nan, np.inf, -np.inf, 1j),
    *("x", "", b"x", [], (), (-1,), (0,), ("x",), [1, "x"], {1}),
    *({}, {"x": 1}, {0: -1}, {0: "x"}, {"a": None}, object, object(), len),
    *(np.zeros(0), np.zeros((20, 2)), np.zeros((20, 2, 2)), np.full(20, np.nan)),
    *(np.full((20, 3), np.inf), np.array(["x"] * 20), np.array([1, "x"], object)),
    *(np.zeros(20), np.ones(20, complex), np.zeros((20, 3)), np.full(20, 1e300)),
    *(pd.DataFrame({"a": [1.0]}), pd.Series(["x"] * 20), sparse.csr_matrix((20, 9))),
)


OF_SCIKIT_LEARN = ("dim", "Complex data", "column")
"""Words of messages that scikit-learn's own checks of X give."""


class Call(NamedTuple):
    """One argument or parameter of a method, with a value by its position.

    A second parameter may stand beside, by the position among `values_of` it.
    """

    method: str
    name: str
    value: int
    fitted: bool = True
    beside: tuple = ()


def example():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(20, 3)), columns=["a", "b", "c"])
    return X, pd.DataFrame({"n": X["a"], "k": np.where(X["b"] > 0, "hi", "lo")})


def fresh():
    decoder = VariationalAutoencoder(2)
    return MultiTaskNetEstimator(**TINY, reconstruction=decoder, time_limit=2)


def arguments_of(method):
    return list(inspect.signature(getattr(MultiTaskNetEstimator, method)).parameters)[
        1:
    ]


def values_of(name):
    """List wrong values of a parameter, then allowed ones as often."""
    allowed = tuple(ALLOWED.get(name, ()))
    return VALUES + allowed * (len(VALUES) // max(1, len(allowed)))


def drawn(rng):
    """Draw a call."""
    parameters = list(fresh().get_params(deep=False))
    method = METHODS[rng.integers(len(METHODS))]
    names = arguments_of(method)
    if method in ("fit", "partial_fit") and rng.random() < 0.9:
        names = parameters
    name = names[rng.integers(len(names))]
    fitted = method not in ("fit", "partial_fit") or bool(rng.random() < 0.5)
    value, beside = int(rng.integers(len(VALUES))), ()
    if method in ("fit", "partial_fit") and rng.random() < 0.5:
        other = parameters[rng.integers(len(parameters))]
        beside = (other, int(rng.integers(len(values_of(other)))))
    return Call(method, name, value, fitted, beside)


def simpler(call):
    if call.beside:
        yield call._replace(beside=())
    if call.method == "fit" and call.fitted:
        yield call._replace(fitted=False)


def asked(net, call, X, y):
    """Return the arguments of a call, or set the parameters that it is about."""
    if call.beside:
        name, at = call.beside
        net.set_params(**{name: values_of(name)[at]})
    names = arguments_of(call.method)
    given = {name: table for name, table in (("X", X), ("y", y)) if name in names}
    if call.name in names:
        given[call.name] = VALUES[call.value]
    else:
        net.set_params(**{call.name: VALUES[call.value]})
    return given


def check(call):
    """Call it. Return whether it was refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _check(call)


def _check(call):
    net, (X, y) = fresh(), example()
    predicted = net.fit(X, y).predict(X) if call.fitted else None
    given = asked(net, call, X, y)
    before = state_of(net)
    try:
        getattr(net, call.method)(**given)
    except Exception as error:
        named = [call.name, *call.beside[:1]]
        expect_told(error, [*named, *X.columns, *y.columns, *OF_SCIKIT_LEARN])
        expect_same_state(net, before, f"a {call.method} that failed")
        if predicted is not None:
            expect(predicted.equals(net.predict(X)), "a failure changes predictions")
        return True
    if call.name not in ("X", "y"):
        expect(len(net.predict(X)) == len(X), "no predictions any more")
    return False
