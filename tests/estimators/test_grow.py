"""New columns on an old net, and what a fit leaves as it was."""

import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from sklearn_mtl.nn import Autoencoder

pd = pytest.importorskip("pandas")

TINY = {
    "hidden_layer_sizes": (8,),
    "n_members": 5,
    "max_iter": 2,
    "random_state": 0,
    "warm_start": True,
}


@pytest.fixture(scope="module")
def tables():
    """Return X, two old columns, and two new ones of which 30 rows have labels."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(90, 4)), columns=list("pqrs"))
    old = pd.DataFrame({"n": X.p + X.q, "w": np.where(X.q > 0, "yes", "no")})
    new = pd.DataFrame({"m": X.p - X.q, "k": pd.cut(X.r, 3, labels=["a", "b", "c"])})
    new.iloc[30:] = None
    return X, old, new


def first(tables, **settings):
    X, old, _ = tables
    return MultiTaskNetEstimator(**{**TINY, **settings}).fit(X, old)


def told_of_old(net, X):
    """All that is said of the two columns of the first fit."""
    prediction, std = net.predict(X, return_std=True)
    found = [prediction["n"], prediction["w"], std["n"]]
    for method in ("fold", "cv+"):
        found += [bound["n"] for bound in net.predict_interval(X, method=method)]
        found.append(net.predict_set(X, method=method)[1])
    found += [net.predict_proba(X)[1], net.residual_std_[:1]]
    return [*map(np.asarray, found), net.shrinkage_[:2], net.temperature_[:2]]


def same(before, after):
    for one, other in zip(before, after, strict=True):
        assert_array_equal(one, other)


ALIKE = {
    "hard": {},
    "private layers": {"head_hidden_layer_sizes": {"w": (4,), "n": (3, 2)}},
    "private layers of all": {"head_hidden_layer_sizes": (4,)},
    "factors": {"sharing": "factors"},
    "decay, norm and sparsity": {"alpha": 0.5, "max_norm": 0.1, "head_sparsity": 0.5},
    "sgd": {"solver": "sgd", "alpha": 0.5},
    "uncertainty": {"balancing": "uncertainty"},
    "pcgrad": {"balancing": "pcgrad"},
    "none held out": {"early_stopping": False},
}


@pytest.mark.parametrize("case", ALIKE)
def test_all_but_new_leaves_old_columns_as_they_are_to_the_bit(tables, case):
    X, old, new = tables
    net = first(tables, **ALIKE[case])
    if case == "none held out":
        net.set_params(early_stopping=True)
        before = [np.asarray(net.predict(X)[["n", "w"]]), net.predict_proba(X)[1]]
    else:
        before = told_of_old(net, X)
    units = net.transform(X)

    net.set_params(freeze="all_but_new", max_iter=3).fit(X, old.join(new))

    after = told_of_old(net, X)
    if case == "none held out":
        lower, upper = net.predict_interval(X)
        assert np.isinf(lower["n"]).all()
        assert np.isfinite(upper["m"]).all()
        after = [np.asarray(net.predict(X)[["n", "w"]]), net.predict_proba(X)[1]]
    same(before, after)
    assert_array_equal(net.transform(X), units)
    assert list(net.predict(X)) == ["n", "w", "m", "k"]
    assert net.predict(X)["k"].dtype == new["k"].dtype
    assert net.predict_proba(X)[3].shape == (90, 3)


def test_new_columns_alone_are_as_new_columns_beside_the_old(tables):
    X, old, new = tables
    beside, alone = (
        first(tables, freeze=None).set_params(freeze="all_but_new").fit(X, y)
        for y in (old.join(new)[["m", "w", "n", "k"]], new)
    )
    pd.testing.assert_frame_equal(beside.predict(X), alone.predict(X))
    assert beside.n_iter_ == alone.n_iter_ == 4


def test_batches_are_as_large_as_each_table_asks_for(tables):
    X, old, _ = tables
    many = [pd.concat([part] * 30, ignore_index=True) for part in (X, old)]
    net = first(tables, max_iter=1).set_params(early_stopping=False)
    sizes = [net.net_.batch_size]
    for table in (many, (X, old)):
        sizes.append(net.fit(*table).net_.batch_size)
    net.partial_fit(*many)
    assert [*sizes, net.net_.batch_size] == [32, 64, 32, 32]


def test_what_is_held_is_not_touched_and_takes_no_state(tables):
    X, old, new = tables
    net = first(tables)
    net.set_params(freeze="all_but_new").fit(X, old.join(new))
    module = net.net_.module_
    assert all(p.requires_grad for p in module.parameters())
    trained = {id(p) for p in module.heads.groups[-1].parameters()}
    for group in module.heads.groups:
        if not set(group.tasks) & {0, 1}:
            trained |= {id(p) for p in group.parameters()}
    stepped = {id(p) for p, known in net.net_.optimizer_.state.items() if known}
    assert stepped == trained


def test_growing_leaves_the_stack_that_was_there(tables):
    X, old, new = tables
    net = first(tables)
    stack, weights = net.stack_, pickle.dumps(net.net_.module_.state_dict())
    said = stack.responses(X)
    net.fit(X, old.join(new))
    assert stack.net is not net.net_
    assert len(stack.codings.tasks) == 2
    assert pickle.dumps(stack.net.module_.state_dict()) == weights
    same(said, stack.responses(X))


def test_history_goes_on_without_losses_of_columns_that_were_not_there(tables):
    X, old, new = tables
    net = first(tables).fit(X, old.join(new))
    history = pd.DataFrame(net.history_)
    assert history["epoch"].tolist() == [1, 2, 3, 4]
    assert history["train_loss/m"].isna().tolist() == [True, True, False, False]
    assert history["train_loss/n"].notna().all()
    assert net.balancing_history_.shape == (4, 4)
    assert (net.best_epoch_ > 2).all()


def test_a_net_grows_again_and_is_stored(tables):
    X, old, new = tables
    net = first(tables)
    for name in new:
        before = told_of_old(net, X)
        net.set_params(freeze="all_but_new").fit(X, new[[name]])
        same(before, told_of_old(net, X))
    again = pickle.loads(pickle.dumps(net))
    pd.testing.assert_frame_equal(again.predict(X), net.predict(X))
    again.set_params(freeze=None).fit(X, old.join(new))
    again.partial_fit(X, old.join(new))
    assert again.n_iter_ == 9


def test_columns_of_their_own_nets_stay_too(tables, monkeypatch):
    monkeypatch.setattr("sklearn_mtl.estimators._own_net.LEAST_PROMISE", -9.0)
    monkeypatch.setattr("sklearn_mtl.estimators._own_net.LEAST_GAIN", -9.0)
    monkeypatch.setattr(
        "sklearn_mtl.estimators._own_net.is_gain", lambda gain, least=0.0: True
    )
    X, old, new = tables
    net = first(tables)
    assert "own" in net.sharing_
    before = told_of_old(net, X)
    net.set_params(freeze="all_but_new").fit(X, new)
    same(before, told_of_old(net, X))
    net.set_params(freeze=None).fit(X, old.join(new))
    assert len(net.predict(X).columns) == 4


def test_arrays_have_new_columns_at_their_end():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    net = MultiTaskNetRegressor(**TINY).fit(X, X[:, 0])
    before = net.predict(X)
    net.set_params(freeze="all_but_new").fit(X, X[:, :3])
    assert_array_equal(net.predict(X)[:, 0], before)
    assert net.predict(X).shape == (60, 3)
    net.set_params(freeze="shared").fit(X[:20], X[:20])


def test_shared_trains_heads_alone_on_a_small_table(tables):
    X, old, _ = tables
    net = first(tables)
    units, before = net.transform(X), net.predict(X)["n"]
    net.set_params(freeze="shared").fit(X[:25], old[:25])
    assert_array_equal(net.transform(X), units)
    assert (net.predict(X)["n"] != before).all()
    assert len(net.oof_predictions_) == 25


@pytest.mark.parametrize("name", ["mmoe", "ple", "dselect_k", "cross_stitch"])
def test_shared_holds_what_each_way_of_sharing_shares(tables, name):
    X, old, _ = tables
    net = first(tables, sharing=name, n_members=2)

    def weights():
        module = net.net_.module_
        shared = {id(p) for _, p in module.shared_parameters()}
        return [
            [
                p.detach().clone()
                for p in module.parameters()
                if (id(p) in shared) is held
            ]
            for held in (True, False)
        ]

    before = weights()
    net.set_params(freeze="shared").fit(X, old)
    after = weights()
    same(before[0], after[0])
    assert all(
        (now != then).any() for then, now in zip(before[1], after[1], strict=True)
    )


def test_shared_leaves_columns_without_labels_as_they_are(tables):
    X, _, new = tables
    net = first(tables, alpha=0.5)
    before = told_of_old(net, X)
    net.set_params(freeze="shared").fit(X, new)
    same(before, told_of_old(net, X))


def test_settings_of_new_columns_may_be_said(tables):
    X, old, new = tables
    settings = {"task_types": {"n": "huber"}, "head_hidden_layer_sizes": {"n": 3}}
    net = first(tables, **settings)
    settings["task_types"] = {"n": "huber", "m": "laplace"}
    settings["head_hidden_layer_sizes"] = {"n": 3, "m": (4,)}
    settings["task_weights"] = {"n": 1, "m": 5}
    net.set_params(**settings).fit(X, old.join(new))
    kinds = [task.kind for task in net.tasks_]
    assert kinds == ["huber", "binary", "laplace", "ordinal"]
    assert net.net_.task_weight[0].tolist() == [0.125, 0.125, 0.625, 0.125]
    net.fit(X, old.join(new))
    for changed in ({"n": "laplace"}, {"n": "huber"}):
        with pytest.raises(ValueError, match="task_types="):
            net.set_params(task_types=changed).fit(X, old.join(new))


def test_rows_to_stop_on_may_have_new_columns_too(tables):
    X, old, new = tables
    y = old.join(new)
    net = first(tables)
    net.set_params(freeze="all_but_new")
    net.fit(X, new, X_val=X[:20], y_val=new[:20])
    assert list(net.predict(X)) == list(y)
    with pytest.raises(ValueError, match="y_val has 2 columns, but fit saw 4"):
        net.fit(X, new.add_prefix("x"), X_val=X[:20], y_val=new[:20])


def test_weights_of_labels_stand_where_their_columns_do(tables):
    X, old, new = tables
    y = new.join(old)
    weight = pd.DataFrame(1.0, index=y.index, columns=y.columns)
    weight.loc[:, "k"] = 0.0
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        first(tables).fit(X, y, sample_weight=weight)
    assert any("'k' of y has no label that counts" in str(w.message) for w in caught)


def test_a_new_column_alone_warns_that_others_drift(tables):
    X, _, new = tables
    with pytest.warns(UserWarning, match="'n' of y .and 1 more.*freeze='all_but_new'"):
        first(tables).fit(X, new)


REFUSED = {
    "no earlier fit": "there was none",
    "starts anew": "warm_start=False starts anew",
    "no further column": "no further column to be trained",
    "some are missing": "further column 'm', but not 'w'",
    "no label": "'m' has no label that counts",
    "an array": "so that further columns have names",
    "part of a fit": "y has 4 columns",
    "other X": "X has 3 features|feature names",
    "shares nothing": "columns share no weights",
    "cannot grow": "makes none for further columns",
    "decoder": "reconstructs X",
    "held decoder": "learns to reconstruct X",
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_and_changes_nothing(tables, case):
    X, old, new = tables
    y, settings, net = old.join(new), {}, None
    if case == "no earlier fit":
        with pytest.raises(ValueError, match=REFUSED[case]):
            MultiTaskNetEstimator(**TINY, freeze="shared").fit(X, old)
        return
    made = {
        "shares nothing": {"sharing": "none"},
        "cannot grow": {"sharing": "cross_stitch"},
        "decoder": {"reconstruction": Autoencoder()},
        "held decoder": {"reconstruction": Autoencoder()},
    }
    net = first(tables, **made.get(case, {}))
    before = told_of_old(net, X)
    settings = {"freeze": "all_but_new"}
    if case == "starts anew":
        settings = {"freeze": "shared", "warm_start": False}
    elif case in ("shares nothing", "held decoder"):
        settings, y = {"freeze": "shared"}, old
    elif case in ("cannot grow", "decoder"):
        settings = {}
    elif case == "no further column":
        y = old
    elif case == "some are missing":
        y = y.drop(columns="w")
    elif case == "no label":
        y = old.assign(m=np.nan)
    elif case == "an array":
        y = np.column_stack([X, X])[:, :3]
    method = net.partial_fit if case == "part of a fit" else net.fit
    rows = X.drop(columns="s") if case == "other X" else X
    with pytest.raises(ValueError, match=REFUSED[case]):
        method.__self__.set_params(**settings) and method(rows, y)
    net.set_params(freeze=None)
    same(before, told_of_old(net, X))
    assert len(net.tasks_) == 2


def test_growing_that_is_broken_off_changes_nothing(tables, monkeypatch):
    X, old, new = tables
    net = first(tables)
    before, stack = told_of_old(net, X), net.stack_

    def break_off(*args, **kwargs):
        raise KeyboardInterrupt

    for moment in ("_trust.collect", "_encode.give_rows", "_fit.std_of_shared"):
        with monkeypatch.context() as patch:
            patch.setattr(f"sklearn_mtl.estimators.{moment}", break_off)
            with pytest.raises(KeyboardInterrupt):
                net.set_params(freeze="all_but_new").fit(X, old.join(new))
        assert net.stack_ is stack
        assert all(p.requires_grad for p in net.net_.module_.parameters())
    same(before, told_of_old(net, X))
