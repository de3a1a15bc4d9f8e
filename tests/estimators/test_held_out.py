"""Out-of-fold predictions and scores."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import accuracy_score, r2_score

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from tests.estimators.helpers import FIVE_MEMBERS, Fitted, made_table


@pytest.mark.parametrize("n_members", [1, 3, 5, 8, 13])
def test_out_of_fold_predictions_are_of_members_that_held_the_row_out(n_members):
    X, y = made_table(90, ["regression", "regression"], missing=0.1)
    fitted = Fitted(MultiTaskNetRegressor, X, y, n_members=n_members, max_iter=5)
    labelled = ~np.isnan(y).all(axis=1)
    fitted.X = X[labelled]
    held = ~fitted.trains

    n_folds = n_members if 5 <= n_members < 10 else 10
    sizes = held.sum(axis=1)
    assert set(sizes) <= {labelled.sum() // n_folds, labelled.sum() // n_folds + 1}
    assert held.any(axis=0).all() == (n_members >= 5)
    assert held.sum(axis=0).max() == (2 if n_members > 10 else 1)
    for t in range(2):
        expected = np.full(len(y), np.nan)
        expected[labelled] = fitted.out_of_fold(t)[:, 0]
        assert_allclose(fitted.net.oof_predictions_[:, t], expected, atol=1e-6)


def test_out_of_fold_classes_are_those_of_members_that_held_the_row_out(fitted_words):
    labelled = ~np.isnan(fitted_words.y[:, 0])
    trains, everything = fitted_words.trains, fitted_words.X
    assert trains.shape[1] == labelled.sum()
    fitted_words.X = everything[labelled]
    likeliest = fitted_words.out_of_fold(0).argmax(axis=1)
    fitted_words.X = everything
    assert_array_equal(
        fitted_words.net.oof_predictions_[labelled, 0],
        fitted_words.net.classes_[0][likeliest],
    )
    assert np.isnan(fitted_words.net.oof_predictions_[~labelled]).all()


def test_labels_of_rows_do_not_reach_their_own_predictions():
    X, y = made_table(60, ["regression"])
    parameters = {"max_iter": 1, "batch_size": 100, "calibrate": False}
    one = Fitted(MultiTaskNetRegressor, X, y[:, 0], **parameters)
    apart = np.flatnonzero(~one.trains[2])[:2]
    other = y[:, 0].copy()
    other[apart] = other[apart[::-1]]  # so that mean and scale stay
    two = Fitted(MultiTaskNetRegressor, X, other, **parameters)

    moved = np.abs(one.members(X, 0) - two.members(X, 0)).max(axis=(1, 2))
    assert moved[2] < 1e-12
    assert np.delete(moved, 2).min() > 1e-9


def test_containers_of_out_of_fold_predictions(frames):
    pd = pytest.importorskip("pandas")
    X, y = frames
    oof = MultiTaskNetEstimator(**FIVE_MEMBERS).fit(X, y).oof_predictions_

    pd.testing.assert_index_equal(oof.index, X.index)
    assert oof.columns.tolist() == y.columns.tolist()
    assert oof["price"].dtype == oof["rooms"].dtype == np.float64
    assert oof["town"].dtype == y["town"].dtype
    assert oof["sold"].dtype == y["sold"].dtype
    empty = y.isna().all(axis=1).to_numpy()
    assert empty.sum() >= 2
    assert oof[empty].isna().all(axis=None)
    assert oof[~empty].notna().all(axis=None)


def test_out_of_fold_predictions_of_arrays(fitted_words, fitted_numbers):
    assert fitted_numbers.net.oof_predictions_.shape == fitted_numbers.y.shape
    assert fitted_numbers.net.oof_predictions_.dtype == np.float64
    assert fitted_words.net.oof_predictions_.shape == fitted_words.y.shape
    X, y = made_table(60, ["regression"])
    net = MultiTaskNetRegressor(**FIVE_MEMBERS).fit(X, y[:, 0])
    assert net.oof_predictions_.shape == (60,)
    mixed = np.column_stack([y.astype(object), np.where(y > 0, "up", "down")])
    oof = MultiTaskNetEstimator(**{**FIVE_MEMBERS, "n_members": 2}).fit(X, mixed)
    oof = oof.oof_predictions_
    assert oof.dtype == object
    absent = [cell is None or cell != cell for cell in oof[:, 1]]
    assert sum(absent) == 48
    assert_array_equal([cell != cell for cell in oof[:, 0]], absent)
    assert set(oof[~np.array(absent), 1]) == {"up", "down"}


def test_out_of_fold_predictions_of_polars():
    pl = pytest.importorskip("polars")
    X, y = made_table(60)
    table = pl.DataFrame({"n": y[:, 0], "c": [f"class {code:.0f}" for code in y[:, 1]]})
    oof = (
        MultiTaskNetEstimator(**FIVE_MEMBERS)
        .fit(pl.DataFrame(X), table)
        .oof_predictions_
    )
    assert isinstance(oof, pl.DataFrame)
    assert oof.schema == table.schema
    assert oof.null_count().sum_horizontal().item() == 0


def test_out_of_fold_score_is_that_of_the_predictions(frames):
    X, y = frames
    net = MultiTaskNetEstimator(**FIVE_MEMBERS, task_types={"rooms": "count"}).fit(X, y)
    scores = []
    for name, metric in zip(
        y, [r2_score, r2_score, accuracy_score, accuracy_score], strict=True
    ):
        known = y[name].notna()
        labels, said = y[name][known], net.oof_predictions_[name][known]
        plain = float if metric is r2_score else str
        scores.append(metric(labels.astype(plain), said.astype(plain)))
    assert net.oof_score_ == pytest.approx(np.mean(scores))


def test_out_of_fold_score_with_weights_and_few_members(fitted_numbers):
    X, y = fitted_numbers.X, fitted_numbers.y
    weight = np.random.default_rng(0).integers(0, 3, size=len(X)).astype(float)
    net = MultiTaskNetRegressor(**{**FIVE_MEMBERS, "n_members": 3}).fit(X, y, weight)
    oof = net.oof_predictions_
    assert np.isnan(oof[weight == 0]).all()
    scores = []
    for t in range(2):
        known = ~np.isnan(y[:, t]) & ~np.isnan(oof[:, t])
        assert 15 < known.sum() < 30
        scores.append(r2_score(y[known, t], oof[known, t], sample_weight=weight[known]))
    assert net.oof_score_ == pytest.approx(np.mean(scores))


def test_out_of_fold_score_is_near_that_of_new_rows():
    kinds = ["regression", "regression", "multiclass"]
    X, y = made_table(3000, kinds, missing=0.2)
    net = MultiTaskNetEstimator(**FIVE_MEMBERS, task_types={2: "multiclass"})
    net.fit(X[:1000], y[:1000])
    held_out, seen = net.score(X[1000:], y[1000:]), net.score(X[:1000], y[:1000])
    assert abs(net.oof_score_ - held_out) < 0.04
    assert seen > held_out + 0.02


def test_nothing_is_out_of_fold_where_nothing_was_held_out(new_rows):
    X, y = made_table(60, ["regression"])
    net = MultiTaskNetRegressor(**FIVE_MEMBERS).fit(X, y)
    assert hasattr(net, "oof_predictions_")
    assert hasattr(net, "oof_score_")
    ways = [
        lambda: net.fit(X, y, X_val=X[:20], y_val=y[:20]),
        lambda: net.set_params(early_stopping=False).fit(X, y),
        lambda: net.set_params(early_stopping=True).fit(X, y).partial_fit(X, y),
    ]
    for fit in ways:
        fit()
        assert not hasattr(net, "oof_predictions_")
        assert not hasattr(net, "oof_score_")
    assert hasattr(net.fit(X, y), "oof_score_")
