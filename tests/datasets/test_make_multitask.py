"""Tables that are generated: what was asked for is what comes out."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_mtl.datasets import make_multitask

KINDS = ("regression", "binary", "multiclass", "ordinal", "count")


def correlations(scores):
    """Return the correlations of all pairs of columns."""
    return np.corrcoef(scores.T)[np.triu_indices(scores.shape[1], k=1)]


def test_make_multitask_returns_floats_of_the_asked_shape():
    X, y, scores = make_multitask(
        30, 7, n_tasks=KINDS, return_scores=True, random_state=0
    )
    assert X.shape == (30, 7)
    assert y.shape == scores.shape == (30, 5)
    assert X.dtype == y.dtype == np.float64


def test_an_int_asks_for_regression_tasks():
    _, y = make_multitask(n_tasks=2, random_state=0)
    _, same = make_multitask(n_tasks=["regression", "regression"], random_state=0)
    assert_array_equal(y, same)


@pytest.mark.parametrize("relatedness", [0, 0.25, 0.5, 0.75, 1])
@pytest.mark.parametrize("seed", range(3))
def test_scores_correlate_with_relatedness(relatedness, seed):
    *_, scores = make_multitask(
        4000,
        n_tasks=5,
        relatedness=relatedness,
        return_scores=True,
        random_state=seed,
    )
    assert_allclose(correlations(scores), relatedness, atol=0.08)
    assert_allclose(scores.mean(axis=0), 0, atol=0.08)
    assert_allclose(scores.std(axis=0), 1, atol=0.08)


def test_full_relatedness_gives_one_and_the_same_score():
    *_, scores = make_multitask(relatedness=1, return_scores=True, random_state=0)
    assert_array_equal(scores, np.broadcast_to(scores[:, :1], scores.shape))


@pytest.mark.parametrize("n_factors", [1, 4, 16])
@pytest.mark.parametrize(("n_features", "n_tasks"), [(2, 2), (5, 20), (40, 3)])
def test_scores_keep_their_variance_for_any_shape(n_features, n_tasks, n_factors):
    *_, scores = make_multitask(
        4000,
        n_features,
        n_tasks=n_tasks,
        n_factors=n_factors,
        return_scores=True,
        random_state=0,
    )
    assert_allclose(scores.std(axis=0), 1, atol=0.15)
    assert_allclose(correlations(scores), 0.5, atol=0.15)


def test_features_do_not_depend_on_the_tasks():
    X, _ = make_multitask(50, 5, random_state=3)
    for changed in (
        {"n_tasks": KINDS},
        {"relatedness": 0.9},
        {"noise": 2},
        {"missing": 0.5},
        {"missing": 0.5, "missing_by": "row"},
    ):
        assert_array_equal(make_multitask(50, 5, random_state=3, **changed)[0], X)


@pytest.mark.parametrize("missing_by", ["label", "row"])
def test_missing_only_takes_labels_away_and_never_gives_one_back(missing_by):
    _, full = make_multitask(500, n_tasks=KINDS, random_state=0)
    assert not np.isnan(full).any()

    gone_before = np.zeros(full.shape, dtype=bool)
    for missing in (0.1, 0.5, 0.9):
        _, y = make_multitask(
            500, n_tasks=KINDS, missing=missing, missing_by=missing_by, random_state=0
        )
        gone = np.isnan(y)
        assert_array_equal(y[~gone], full[~gone])
        assert (gone >= gone_before).all()
        assert_allclose(gone.mean(), missing, atol=0.05)
        gone_before = gone


def test_missing_by_row_takes_whole_rows():
    _, y = make_multitask(200, missing=0.3, missing_by="row", random_state=0)
    assert_array_equal(np.isnan(y).sum(axis=1) % y.shape[1], 0)
    assert np.isnan(y).all(axis=1).sum() == 60


def test_missing_by_label_takes_each_column_on_its_own():
    _, y = make_multitask(4000, missing=0.3, random_state=0)
    gone = np.isnan(y)
    assert_allclose(gone.mean(axis=0), 0.3, atol=0.03)
    assert_allclose(correlations(gone), 0, atol=0.05)


def test_classes_are_codes_and_all_of_them_occur_equally_often():
    _, y = make_multitask(
        100, n_tasks=["binary", "multiclass", "ordinal"], n_classes=4, random_state=0
    )
    assert_array_equal(np.unique(y[:, 0], return_counts=True), [[0, 1], [50, 50]])
    for column in y.T[1:]:
        assert_array_equal(
            np.unique(column, return_counts=True), [[0, 1, 2, 3], [25] * 4]
        )


def test_labels_follow_the_score_without_noise():
    _, y, scores = make_multitask(
        300, n_tasks=KINDS, n_classes=4, noise=0, return_scores=True, random_state=1
    )
    regression, binary, multiclass, ordinal, count = y.T

    assert_array_equal(regression, scores[:, 0])
    for codes, score in [(binary, scores[:, 1]), (ordinal, scores[:, 3])]:
        assert (np.diff(codes[np.argsort(score)]) >= 0).all()
    # A class is an interval of the score, but the classes are not in order.
    codes = multiclass[np.argsort(scores[:, 2])]
    assert np.count_nonzero(np.diff(codes)) == 3
    assert (np.diff(codes) < 0).any()
    assert np.corrcoef(np.log1p(count), scores[:, 4])[0, 1] > 0.3


def test_noise_has_the_asked_standard_deviation():
    _, y, scores = make_multitask(4000, noise=0.5, return_scores=True, random_state=0)
    assert_allclose((y - scores).std(axis=0), 0.5, atol=0.03)


def test_frame_holds_strings_where_the_array_holds_codes():
    pytest.importorskip("pandas")
    asked = {"n_tasks": KINDS, "missing": 0.2, "random_state": 0}
    X, y = make_multitask(**asked)
    X_frame, y_frame = make_multitask(**asked, as_frame=True)

    assert_array_equal(X_frame.to_numpy(), X)
    assert X_frame.columns[0] == "feature_0"
    assert y_frame.columns.to_list() == [f"task_{j}" for j in range(5)]
    for codes, kind, (_, column) in zip(y.T, KINDS, y_frame.items(), strict=True):
        assert_array_equal(column.isna(), np.isnan(codes))
        if kind in ("regression", "count"):
            assert_array_equal(column, codes)
        else:
            assert all(isinstance(label, str) for label in column.cat.categories)
            assert column.cat.ordered == (kind == "ordinal")
            assert_array_equal(column.cat.codes, np.nan_to_num(codes, nan=-1))


def test_no_global_seed_is_touched():
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make_multitask(random_state=0)
    make_multitask(random_state=np.random.RandomState(0))
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"relatedness": 1.5}, r"'relatedness' .* Got 1.5 instead"),
        ({"missing": 1.0}, r"'missing' .* Got 1.0 instead"),
        ({"missing_by": "column"}, r"'missing_by' .* Got 'column' instead"),
        ({"n_tasks": 0}, r"'n_tasks' .* Got 0 instead"),
        ({"n_tasks": []}, r"n_tasks is empty: pass"),
        ({"n_tasks": "binary"}, r"'n_tasks' .* Got 'binary' instead"),
        ({"n_tasks": ["binary", "ranking"]}, r"n_tasks\[1\] is 'ranking'.* Use one of"),
        (
            {"n_samples": 3, "n_tasks": ["ordinal"], "n_classes": 5},
            r"n_samples=3 rows cannot hold the 5 classes .* use n_samples >= 5",
        ),
        (
            {"n_features": 1, "n_tasks": 50},
            r"50 unrelated tasks do not fit n_features=1.* Use more features",
        ),
    ],
)
def test_make_multitask_names_the_wrong_value(wrong, message):
    with pytest.raises(ValueError, match=message):
        make_multitask(**wrong)
