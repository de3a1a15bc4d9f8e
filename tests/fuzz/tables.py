"""What holds for every table and every allowed parameter."""

import pickle
import warnings
from numbers import Real

import numpy as np
import pandas as pd
from sklearn.base import clone

from tests.fuzz.containers import CONTAINERS, cells_of, equal, rows_of, written
from tests.fuzz.recipes import drawn, made, repeats, simpler
from tests.fuzz.wrong import (
    Wrong,
    expect,
    expect_same_state,
    expect_told,
    of_the_process,
    state_of,
)

SAME_IN_EVERY_CONTAINER = {"float", "gaps", "skewed", "int", "constant", "bool"}
NOT_OURS = (RuntimeWarning, DeprecationWarning, FutureWarning)

__all__ = ["check", "drawn", "simpler"]


def check(recipe):
    """Fit, and look at all that comes back. Return whether the input was refused."""
    net, X, y, more = made(recipe)
    before, process = state_of(net), of_the_process()
    contents = written(X), written(y)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            net.fit(X, y, **more)
        except Exception as error:
            expect_told(error, names_of(net, recipe))
            expect_same_state(net, before, "a fit that failed")
            return True
        predicted = net.predict(X)
        check_predictions(net, recipe, X, predicted, y, more.get("sample_weight", 1.0))
        check_probabilities(net, X)
        check_rows(net, X, predicted)
        check_stored(net, X, predicted)
        check_columns(net, recipe, X, predicted)
        check_score(net, X, y)
        check_again(net, recipe, X, y, more, predicted)
    check_warnings(said)
    expect(of_the_process() == process, "a setting of the process was changed")
    expect((written(X), written(y)) == contents, "X or y was changed")
    return False


def names_of(net, recipe):
    """Return what a message may name: columns, parameters, tables."""
    names = recipe.feature_names + recipe.label_names
    positions = [f"{word} {j}" for word in ("column", "Column") for j in range(5)]
    return [*names, *positions, *net.get_params(deep=False), "sample_weight", "y"]


def check_warnings(said):
    for warning in said:
        if issubclass(warning.category, NOT_OURS):
            place = f"{warning.filename.rpartition('/')[2]}:{warning.lineno}"
            raise Wrong(f"{warning.category.__name__} at {place}", str(warning.message))


def check_predictions(net, recipe, X, predicted, y, weight):
    cells, given = cells_of(predicted), cells_of(y)
    expect(cells.shape == given.shape, "predictions of another shape", cells.shape)
    # Without an index of X, pandas labels come back by position.
    as_array = isinstance(y, pd.DataFrame) and not isinstance(X, pd.DataFrame)
    kept = recipe.y_in in ("numpy", "lists") or type(predicted) is type(y) or as_array
    expect(kept, f"{type(y).__name__} came back as {type(predicted).__name__}")
    if isinstance(predicted, pd.DataFrame):
        expect(list(predicted) == list(y), "predictions under other names")
        if isinstance(predicted.index, pd.Index) and isinstance(X, pd.DataFrame):
            expect(predicted.index.equals(y.index), "predictions under another index")
    weight = np.asarray(weight)
    counts = ~pd.isna(given) & ((weight[:, None] if weight.ndim == 1 else weight) > 0)
    for j, task in enumerate(net.tasks_):
        if hasattr(task, "classes_"):
            known = set(given[:, j][~pd.isna(given[:, j])])
            kind = f"a class that was never a label: {recipe.labels[j]}"
            expect(set(cells[:, j]) <= known, kind, set(cells[:, j]) - known)
        else:
            numbers = cells[:, j].astype(float)
            if not counts[:, j].any() and np.isnan(numbers).all():
                continue
            kind = f"predictions that are not finite: {recipe.labels[j]}"
            expect(np.isfinite(numbers).all(), kind)


def check_probabilities(net, X):
    for view in net.estimators_:
        if hasattr(view, "predict_proba"):
            shares = view.predict_proba(X)
            expect(np.isfinite(shares).all(), "probabilities that are not finite")
            expect((shares >= 0).all(), "negative probabilities")
            sums = np.allclose(shares.sum(axis=1), 1, atol=1e-6)
            expect(sums, "probabilities do not sum to 1")
            expect(shares.shape[1] == len(view.classes_), "probabilities of no class")


def same(cells, others):
    """Compare cells; numbers may differ by what another order of sums does."""
    pairs = zip(cells_of(cells).ravel(), cells_of(others).ravel(), strict=True)
    return all(alike(one, other) for one, other in pairs)


def alike(one, other):
    if pd.isna(one) or pd.isna(other):
        return pd.isna(one) and pd.isna(other)
    return np.isclose(one, other) if isinstance(one, Real) else one == other


def check_rows(net, X, predicted):
    """Predict rows by themselves: they depend on no other row."""
    n_rows = len(cells_of(predicted))
    rows = np.random.default_rng(0).permutation(n_rows)[: n_rows // 2]
    expected = cells_of(predicted)[rows]
    expect(same(net.predict(rows_of(X, rows)), expected), "rows predicted otherwise")


def check_stored(net, X, predicted):
    again = pickle.loads(pickle.dumps(net)).predict(X)
    expect(equal(again, predicted), "a pickle predicts otherwise")


def check_columns(net, recipe, X, predicted):
    """Columns of a frame go by their names, or another order is refused."""
    if not isinstance(X, pd.DataFrame) or X.shape[1] == 1:
        return
    try:
        swapped = net.predict(X[X.columns[::-1]])
    except ValueError as error:
        expect("order" in str(error), "another order is refused without a word", error)
    else:
        expect(same(swapped, predicted), "columns taken by their position")


def check_score(net, X, y):
    try:
        score = net.score(X, y)
    except ValueError as error:
        named = any(word in str(error) for word in ("score", "label", "column"))
        expect(named, "score fails without a word", error)
    else:
        expect(isinstance(score, float), "a score that is no number", score)


def check_again(net, recipe, X, y, more, predicted):
    """Fit again: the same call gives the same, in any container of plain numbers."""
    if not repeats(recipe):
        return
    again = clone(net).fit(X, y, **more).predict(X)
    expect(equal(again, predicted), "a second fit differs")
    dense = recipe.X_in != "sparse"  # sparse columns are scaled, not centred
    if dense and set(recipe.features) <= SAME_IN_EVERY_CONTAINER:
        for container in ("numpy", "polars"):
            frame = made(recipe._replace(X_in="pandas"))[1]
            twin = CONTAINERS[container](frame)
            again = clone(net).fit(twin, y, **more).predict(twin)
            expect(same(again, predicted), f"{recipe.X_in} and {container} differ")
