"""Folds that the user asks for: `cv`, groups, and what rests on them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    PredefinedSplit,
    RepeatedKFold,
    ShuffleSplit,
    TimeSeriesSplit,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from sklearn_mtl.estimators._auto_sizes import members_of_splits
from sklearn_mtl.estimators._conformal import Ranked, _conformal_quantile
from sklearn_mtl.model_selection import (
    MultiTaskStratifiedGroupKFold,
    MultiTaskStratifiedKFold,
)

SMALL = {"hidden_layer_sizes": (8,), "max_iter": 3, "random_state": 0}
N_ROWS = 96
GROUPS = np.repeat(np.arange(16), 6)


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 4))
    y = X[:, :2] + 0.3 * rng.normal(size=(N_ROWS, 2))
    y[::12] = np.nan
    y[5, 0] = np.nan
    return X, y


def labelled(y):
    return np.flatnonzero(~np.isnan(y).all(axis=1))


def mean_by_hand(net, X, splits, rows):
    """Mean over splits of what their members say, (N_ROWS, 2); NaN without any."""
    members = net.net_.members
    responses = []
    net.stack_.map_responses(lambda _, r: responses.append(r) or [r[0].mean(axis=0)], X)
    numbers = np.stack([response[..., 0] for response in responses[0]], axis=-1)
    total, count = np.zeros((N_ROWS, 2)), np.zeros((N_ROWS, 1))
    for f, (_, test) in enumerate(splits):
        own = members.fold == f
        total[rows[test]] += numbers[own][:, rows[test]].mean(axis=0)
        count[rows[test]] += 1
    with np.errstate(invalid="ignore"):
        return total / count


@pytest.mark.parametrize(
    "cv",
    [
        KFold(4),
        GroupKFold(5),
        LeaveOneGroupOut(),
        TimeSeriesSplit(3, gap=4),
        RepeatedKFold(n_splits=3, n_repeats=2, random_state=0),
        ShuffleSplit(4, random_state=0),
        MultiTaskStratifiedGroupKFold(4),
    ],
    ids=lambda cv: type(cv).__name__,
)
@pytest.mark.filterwarnings("ignore:The groups parameter is ignored")
def test_members_hold_out_what_a_splitter_says_of_the_labelled_rows(table, cv):
    X, y = table
    rows = labelled(y)
    splits = list(cv.split(X[rows], y[rows], GROUPS[rows]))
    net = MultiTaskNetRegressor(cv=cv, **SMALL).fit(X, y, groups=GROUPS)

    members = net.net_.members
    assert members.number % len(splits) == 0
    assert len(members.folds) == len(splits)
    for fold, (train, test) in zip(members.folds, splits, strict=True):
        assert_array_equal(fold.held_out, np.sort(test))
        assert_array_equal(np.flatnonzero(fold.trains_on(len(rows))), np.sort(train))
    expected = mean_by_hand(net, X, splits, rows)
    assert_allclose(net.oof_predictions_, expected, atol=1e-6)
    scores = []
    for t in range(2):
        known = ~np.isnan(y[:, t]) & ~np.isnan(expected[:, t])
        scores.append(r2_score(y[known, t], expected[known, t]))
    assert net.oof_score_ == pytest.approx(np.mean(scores), abs=1e-6)


def test_training_sees_the_train_part_alone(table):
    X, y = table
    rows = labelled(y)
    pairs = [(rows[:20], rows[50:60]), (rows[10:40], rows[60:])]
    net = MultiTaskNetRegressor(cv=pairs, early_stopping=False, **SMALL)
    plain = clone(net).fit(X, y).predict(X)

    other = X.copy()
    other[rows[40:50]] = other[rows[40:50]][::-1]  # in no part; scales stay
    assert_allclose(clone(net).fit(other, y).predict(X), plain, atol=1e-5)
    other = X.copy()
    other[rows[:10]] = other[rows[:10]][::-1]
    assert abs(clone(net).fit(other, y).predict(X) - plain).max() > 1e-3


@pytest.mark.parametrize("masks", [False, True])
def test_pairs_and_predefined_splits_name_rows_of_X(table, masks):
    X, y = table
    fold = np.repeat([-1, 0, 1], N_ROWS // 3)
    pairs = [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in (0, 1)]
    if masks:
        pairs = [(fold != f, fold == f) for f in (0, 1)]
    nets = [
        MultiTaskNetRegressor(cv=cv, **SMALL).fit(X, y)
        for cv in (pairs, PredefinedSplit(fold))
    ]
    for net in nets:
        known = ~np.isnan(net.oof_predictions_).all(axis=1)
        assert_array_equal(known, (fold >= 0) & ~np.isnan(y).all(axis=1))
    assert_array_equal(nets[0].oof_predictions_, nets[1].oof_predictions_)


def test_a_number_is_of_balanced_folds(table):
    X, y = table
    rows = labelled(y)
    for groups, kind in (
        (None, MultiTaskStratifiedKFold),
        (GROUPS, MultiTaskStratifiedGroupKFold),
    ):
        net = MultiTaskNetRegressor(cv=3, **SMALL).fit(X, y, groups=groups)
        seed = net.stack_.fold_seed
        splitter = kind(3, shuffle=True, random_state=seed)
        own = None if groups is None else groups[rows]
        expected = [test for _, test in splitter.split(X[rows], y[rows], own)]
        for fold, test in zip(net.net_.members.folds, expected, strict=True):
            assert_array_equal(fold.held_out, test)


@pytest.mark.parametrize(
    ("n_groups", "n_folds", "n_members"), [(2, 2, 8), (3, 3, 6), (16, 8, 8)]
)
def test_groups_are_held_out_whole_without_a_cv(table, n_groups, n_folds, n_members):
    X, y = table
    groups = np.arange(N_ROWS) % n_groups
    net = MultiTaskNetRegressor(**SMALL).fit(X, y, groups=[f"g{i}" for i in groups])
    members = net.net_.members
    assert (len(members.folds), members.number) == (n_folds, n_members)
    own = groups[labelled(y)]
    for fold in members.folds:
        trained_on = own[fold.trains_on(len(own))]
        assert not set(own[fold.held_out]) & set(trained_on)


@pytest.mark.parametrize(
    ("n_members", "n_splits", "n_read", "expected"),
    [
        (8, 3, 100, 6),
        (8, 8, 100, 8),
        (8, 10, 100, 10),
        (8, 60, 480, 60),
        (8, 500, 500, 64),
        (1, 5, 200_000, 5),
        (1, 60, 200_000, 8),
    ],
)
def test_auto_follows_the_splits(n_members, n_splits, n_read, expected):
    assert members_of_splits(n_members, n_splits, n_read) == expected


def test_fewer_members_than_splits_take_the_last(table):
    X, y = table
    rows = labelled(y)
    cv = TimeSeriesSplit(4)
    net = MultiTaskNetRegressor(cv=cv, n_members=2, **SMALL).fit(X, y)
    last = list(cv.split(rows))[-2:]
    for fold, (train, test) in zip(net.net_.members.folds, last, strict=True):
        assert_array_equal(np.flatnonzero(fold.trains_on(len(rows))), train)
        assert_array_equal(fold.held_out, test)


def test_any_number_of_members(table):
    X, y = table
    net = MultiTaskNetRegressor(cv=3, n_members=7, **SMALL).fit(X, y)
    assert_array_equal(np.bincount(net.net_.members.fold), [3, 2, 2])


def test_a_splitter_without_a_seed_draws_from_the_estimator(table):
    X, y = table
    net = MultiTaskNetRegressor(cv=KFold(4, shuffle=True), **SMALL)
    first = net.fit(X, y).oof_predictions_
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    assert_array_equal(clone(net).fit(X, y).oof_predictions_, first)
    assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    assert net.cv.random_state is None
    other = clone(net).set_params(random_state=1).fit(X, y)
    assert not np.array_equal(
        other.net_.members.folds[0].held_out, net.net_.members.folds[0].held_out
    )


def test_without_early_stopping_members_train_to_the_end_and_hold_out(table):
    X, y = table
    net = MultiTaskNetRegressor(cv=3, early_stopping=False, **SMALL).fit(X, y)
    assert (net.best_epoch_ == net.n_iter_).all()
    assert np.isfinite(net.oof_score_)
    assert np.isfinite(net.predict_interval(X, 0.5)[0]).all()
    net.set_params(calibrate=True).fit(X, y)


def test_going_on_holds_out_the_same_rows(table):
    X, y = table
    net = MultiTaskNetRegressor(warm_start=True, **SMALL).fit(X, y, groups=GROUPS)
    before = [fold.held_out for fold in net.net_.members.folds]
    net.fit(X, y, groups=GROUPS)
    for fold, held_out in zip(net.net_.members.folds, before, strict=True):
        assert_array_equal(fold.held_out, held_out)
    net.partial_fit(X, y)
    assert not net.net_.members.folds
    assert not hasattr(net, "oof_score_")


def test_groups_reach_fit_through_scikit_learn(table):
    X, y = table[0], np.nan_to_num(table[1])
    with config_context(enable_metadata_routing=True):
        net = MultiTaskNetRegressor(cv=GroupKFold(3), **SMALL)
        net.set_fit_request(groups=True)
        pipe = make_pipeline(StandardScaler(), net)
        found = cross_validate(
            pipe,
            X,
            y,
            params={"groups": GROUPS},
            cv=GroupKFold(2),
            return_estimator=True,
            error_score="raise",
        )
        assert all(len(p[-1].net_.members.folds) == 3 for p in found["estimator"])
        search = GridSearchCV(
            pipe, {"multitasknetregressor__alpha": [0.1]}, cv=GroupKFold(2)
        )
        search.fit(X, y, groups=GROUPS)
        best = search.best_estimator_[-1].net_.members
        for fold in best.folds:
            assert not set(GROUPS[fold.held_out]) & set(GROUPS[fold.trains_on(N_ROWS)])


def test_classes_in_overlapping_folds_are_calibrated_and_in_sets(table):
    X, _ = table
    y = np.where(X[:, 0] > 0, "up", "down")
    cv = RepeatedKFold(n_splits=3, n_repeats=2, random_state=0)
    net = MultiTaskNetEstimator(cv=cv, **SMALL).fit(X, y)
    assert net.temperature_[0] != 1.0
    for method in ("fold", "cv+"):
        assert 0.8 < net.predict_set(X, 0.95, method=method).any(axis=1).mean() <= 1


def test_rows_held_out_twice_count_once():
    rng = np.random.default_rng(0)
    errors = rng.exponential(size=40)
    once = [Ranked(np.sort(errors[:20])), Ranked(np.sort(errors[20:]))]
    half = np.full(40, 0.5)
    twice = [Ranked(np.sort(errors), half), Ranked(np.sort(errors), half)]
    for coverage in (0.3, 0.5, 0.9, 0.97, 0.99):
        assert _conformal_quantile(once, coverage) == _conformal_quantile(
            twice, coverage
        )


@pytest.mark.parametrize(
    ("cv", "said"),
    [
        ([], "yields no split"),
        ([(np.arange(9), np.arange(5, 12))], "row 5 in its train part and in its test"),
        ([(np.arange(9), [200])], "names row 200.*labels of an index"),
        ([(np.arange(9), [-1])], "names row -1"),
        ([(np.arange(9), [20, 20])], "names row 20 twice.*sample_weight"),
        ([(np.arange(9), [0.5])], "no list of rows"),
        ([(np.arange(1, 9), [0, 12])], "no row with a label in its test part"),
        ([3], "no pair"),
        (GroupKFold(3), "Pass groups to fit"),
        (KFold(1000), "does not split the 88 rows.*1000"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_changes(table, cv, said):
    X, y = table
    net = MultiTaskNetRegressor(cv=3, **SMALL).fit(X, y)
    before = net.predict(X)
    with pytest.raises(ValueError, match=said):
        net.set_params(cv=cv).fit(X, y)
    assert_array_equal(net.predict(X), before)


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        (np.zeros(N_ROWS), "one group only"),
        (GROUPS[1:], "95 entries for 96 rows"),
        (np.where(np.arange(N_ROWS) == 7, np.nan, GROUPS), "nan at row 7"),
    ],
)
def test_groups_that_do_not_fit(table, groups, said):
    X, y = table
    with pytest.raises(ValueError, match=said):
        MultiTaskNetRegressor(**SMALL).fit(X, y, groups=groups)


def test_a_row_without_labels_needs_no_group(table):
    X, y = table
    groups = GROUPS.astype(float)
    groups[::12] = np.nan
    MultiTaskNetRegressor(**SMALL).fit(X, y, groups=groups)


def test_X_val_leaves_nothing_to_split(table):
    X, y = table
    for how, groups in (({"cv": 3}, None), ({}, GROUPS)):
        with pytest.raises(ValueError, match=r"Pass (cv|groups) or X_val"):
            MultiTaskNetRegressor(**how, **SMALL).fit(
                X, y, groups=groups, X_val=X, y_val=y
            )


def test_groups_beside_listed_rows_are_not_ignored_in_silence(table):
    X, y = table
    pairs = [(np.arange(60), np.arange(60, N_ROWS))]
    with pytest.warns(UserWarning, match="groups are ignored"):
        MultiTaskNetRegressor(cv=pairs, **SMALL).fit(X, y, groups=GROUPS)
