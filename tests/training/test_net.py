"""The net: its history, its members, and callbacks of the user's own."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from skorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    GradientNormClipping,
    LRScheduler,
)
from torch.testing import assert_close

from sklearn_mtl.training import MemberRows
from tests.training.helpers import (
    Interrupt,
    loss_of_loop,
    numbers_table,
    skorch_net,
    small_net,
    split,
    task_table,
)

# The net


def test_history_holds_means_of_the_losses_of_members_and_tasks():
    table, layout = task_table(50)
    net = skorch_net(layout, 5).initialize()

    net.partial_fit(split(table, layout, 5))

    assert len(net.history) == 3
    for part in ("train", "valid"):
        losses = np.array(net.task_losses_[part])
        assert losses.shape == (3, 5, 3)
        assert_allclose(net.history[:, f"{part}_loss"], losses.mean(axis=(1, 2)))
    assert len(net.history[-1, "batches"]) == 1


class BatchListener(Callback):
    def on_batch_end(self, net, loss, training, **kwargs):
        """Be told of batches, as skorch's scoring callbacks are."""


def test_history_holds_batches_where_a_callback_is_told_of_them():
    table, layout = task_table(50)
    net = skorch_net(layout, 5, callbacks=[BatchListener()]).initialize()

    net.partial_fit(split(table, layout, 5))

    batches = net.history[-1, "batches", :, ("train_loss", "train_batch_size")]
    assert sorted(size for _, size in batches) == [12, 12, 13, 13]
    assert_allclose(
        np.mean([loss for loss, _ in batches]), net.history[-1, "train_loss"]
    )


def test_losses_of_a_frozen_net_are_those_over_all_rows():
    table, layout = task_table(50)
    net = skorch_net(layout, 5, lr=0.0, max_epochs=1).initialize()
    rows = split(table, layout, 5)

    net.partial_fit(rows)

    with torch.no_grad():
        raw = net.module_(table.features)
    for part, weight in (("train", rows.row_weight), ("valid", 1 - rows.row_weight)):
        expected = loss_of_loop(table, layout, weight, raw)
        assert_allclose(net.task_losses_[part][0], expected)


def test_loss_is_nan_where_a_member_has_no_label_to_be_validated_on():
    table, layout = task_table(50)
    rows = split(table, layout, 5)
    own = rows.held_out.index[2]
    table.label_weight[own, 0] = 0
    rows = split(table, layout, 5)
    net = skorch_net(layout, 5, max_epochs=2).initialize()

    net.partial_fit(rows)

    unknown = np.zeros((5, 3), dtype=bool)
    unknown[2, 0] = True
    for losses in net.task_losses_["valid"]:
        assert_array_equal(np.isnan(losses), unknown)
    assert np.isfinite(net.history[:, "valid_loss"]).all()


def test_members_train_as_they_would_alone():
    table, layout = task_table(40)
    stack = skorch_net(layout, 3, callbacks__best_weights=None).initialize()
    initial = {name: p.clone() for name, p in stack.module_.state_dict().items()}
    rows = split(table, layout, 3)

    stack.partial_fit(rows)

    for k in range(3):
        alone = skorch_net(layout, 1, callbacks__best_weights=None).initialize()
        alone.module_.load_state_dict({n: p[[k]] for n, p in initial.items()})
        alone.partial_fit(
            MemberRows(
                table,
                rows.index,
                rows.row_weight[[k]],
                prior_cost=layout.prior_cost,
                n_members=1,
            )
        )
        for own, stacked in zip(
            alone.module_.parameters(), stack.module_.parameters(), strict=True
        ):
            assert_close(own[0], stacked[k])


# Callbacks of the user's own, passed to the estimators


@pytest.mark.parametrize(
    ("event", "epoch", "early_stopping"),
    [
        ("on_epoch_end", 3, True),
        ("on_train_batch", 4, True),
        ("on_valid_batch", 4, True),
        ("on_train_batch", 4, False),
    ],
)
def test_interrupt_keeps_the_best_weights_so_far(event, epoch, early_stopping):
    X, y = numbers_table()
    params = {"early_stopping": early_stopping, "learning_rate_init": 0.1}
    expected = small_net(max_iter=3, **params).fit(X, y)

    net = small_net(max_iter=50, callbacks=[Interrupt(event, epoch)], **params)
    net.fit(X, y)

    assert_array_equal(net.predict(X), expected.predict(X))
    assert_array_equal(net.best_epoch_, expected.best_epoch_)
    assert len(net.history_) == 3


@pytest.mark.parametrize("event", ["on_train_batch", "on_valid_batch", "on_epoch_end"])
def test_history_stays_in_step_after_an_interrupt(event):
    X, y = numbers_table()
    net = small_net(
        warm_start=True,
        max_iter=4,
        task_weights=None,
        callbacks=[Interrupt(event, 2, True)],
    )

    net.fit(X, y)
    done = len(net.history_)
    net.fit(X, y)

    rows = net.history_
    assert len(rows) == done + 4
    for row in rows:
        for part in ("train_loss", "valid_loss"):
            of_tasks = [row[f"{part}/{name}"] for name in (0, 1)]
            assert row[part] == pytest.approx(np.mean(of_tasks), rel=1e-4)


def test_interrupt_of_the_first_step_leaves_a_usable_estimator():
    X, y = numbers_table()

    net = small_net(callbacks=[Interrupt("on_train_batch", 1)]).fit(X, y)

    assert np.isfinite(net.predict(X)).all()
    assert net.history_ == []


def test_callback_of_the_users_own_sees_the_net_each_epoch():
    class Norms(Callback):
        def on_train_begin(self, net, **kwargs):
            self.norms_ = []

        def on_epoch_end(self, net, **kwargs):
            norm = sum(p.square().sum() for p in net.module_.parameters())
            self.norms_.append(float(norm.detach()))
            net.history.record("norm", self.norms_[-1])

    X, y = numbers_table()

    net = small_net(callbacks=[("norms", Norms())]).fit(X, y)

    norms = dict(net.net_.callbacks_)["norms"].norms_
    assert len(set(norms)) == 6
    assert net.net_.history[:, "norm"] == norms


def test_epoch_scoring_scores_each_epoch():
    def mean_error(net, rows, labels=None):
        x, labels = rows.batch(slice(0, len(rows)), 1)
        with torch.no_grad():
            raw = net.module_(x)
        return float((raw - labels.codes).square().mean())

    X, y = numbers_table()
    scoring = EpochScoring(mean_error, name="error", use_caching=False)

    net = small_net(callbacks=[("scoring", scoring)]).fit(X, y)

    errors = net.net_.history[:, "error"]
    assert len(errors) == 6
    assert errors[-1] < errors[0]
    assert net.net_.history[0, "error_best"]


def test_checkpoint_saves_weights_that_load(tmp_path):
    X, y = numbers_table()
    checkpoint = Checkpoint(monitor="valid_loss_best", dirname=tmp_path)

    net = small_net(callbacks=[checkpoint]).fit(X, y)

    saved = torch.load(tmp_path / "params.pt", weights_only=True)
    assert saved.keys() == net.net_.module_.state_dict().keys()
    net.net_.module_.load_state_dict(saved)
    assert np.isfinite(net.predict(X)).all()
    assert (tmp_path / "history.json").exists()


def test_scheduler_of_the_users_own_sets_the_learning_rate():
    X, y = numbers_table()
    scheduler = LRScheduler(torch.optim.lr_scheduler.StepLR, step_size=2, gamma=0.1)

    net = small_net(callbacks=[scheduler]).fit(X, y)

    rates = [row["learning_rate"] for row in net.history_]
    assert_allclose(rates, [1e-2, 1e-2, 1e-3, 1e-3, 1e-4, 1e-4])


def test_gradient_clipping_reaches_the_step():
    X, y = numbers_table()
    params = {"solver": "sgd", "alpha": 0.0, "early_stopping": False, "dropout": 0.0}

    clipped = small_net(callbacks=[GradientNormClipping(1e-12)], **params).fit(X, y)
    free = small_net(**params).fit(X, y)

    losses = np.array([row["train_loss"] for row in clipped.history_])
    assert_allclose(losses, losses[0], rtol=1e-4)
    assert free.history_[-1]["train_loss"] < 0.9 * losses[0]


def test_early_stopping_of_skorch_ends_training():
    X, y = numbers_table()
    stopping = EarlyStopping(monitor="train_loss", patience=2, threshold=10)

    net = small_net(max_iter=50, callbacks=[stopping]).fit(X, y)

    assert net.n_iter_ == 3  # one to compare with, and two without a gain
    assert np.isfinite(net.predict(X)).all()
