"""The nets of a fit: made or gone on with, and trained."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from sklearn.exceptions import ConvergenceWarning

from sklearn_mtl.estimators._auto_sizes import number_of_members
from sklearn_mtl.estimators._codings import Codings
from sklearn_mtl.estimators._encode import encode_rows
from sklearn_mtl.estimators._fitted_stack import FittedStack
from sklearn_mtl.estimators._new_net import callbacks_of, new_net
from sklearn_mtl.estimators._own_nets import (
    find_own_nets,
    may_part,
    train_on_one_task,
)
from sklearn_mtl.estimators._reading import seed_of
from sklearn_mtl.estimators._rows import Rows
from sklearn_mtl.estimators._warm_start import adopt_parameters
from sklearn_mtl.exceptions import warn
from sklearn_mtl.tasks import Task
from sklearn_mtl.training import (
    MemberRows,
    MultiTaskNet,
    draw_seed,
    new_generator,
)


class Trained(NamedTuple):
    """Nets, the seed of their folds, and the encoded rows that they were trained on."""

    net: MultiTaskNet
    own_nets: dict[int, MultiTaskNet]
    fold_seed: int
    rows: MemberRows


def train_nets(
    estimator: Any,
    codings: Codings,
    rows: Rows,
    validation: Rows | None,
    earlier: FittedStack | None,
    *,
    epochs: int | None,
    holds_out: bool,
) -> Trained:
    """Train new nets, or go on with those of an earlier fit.

    Parameters
    ----------
    rows : Rows
    validation : Rows or None
        Stop on these instead of rows that members hold out.
    earlier : FittedStack or None
    epochs : int or None
        None for the most that the estimator allows.
    holds_out : bool
        Whether members may hold out rows.
    """
    generator = new_generator(seed_of(estimator.random_state))
    stops = holds_out and estimator.early_stopping
    if earlier is None:
        net = _shared_net(estimator, codings, rows, holds_out, generator)
        own_nets, fold_seed = {}, draw_seed(generator)
    else:
        net, own_nets, fold_seed = earlier.net, earlier.own_nets, earlier.fold_seed
        for known in earlier.nets:
            adopt_parameters(estimator, codings, known)
    encoded = encode_rows(
        net,
        codings,
        rows,
        validation,
        holds_out=stops,
        validation_fraction=estimator.validation_fraction,
        fold_seed=fold_seed,
    )
    for one in (net, *own_nets.values()):
        _run(one, encoded, codings.tasks, stops, epochs)
    if stops and earlier is None and may_part(estimator, codings, net):
        train_alone = partial(
            train_on_one_task, estimator, codings, net, encoded, rows.n_read, generator
        )
        own_nets = find_own_nets(net, train_alone)
    return Trained(net, own_nets, fold_seed, encoded)


def _shared_net(
    estimator: Any, codings: Codings, rows: Rows, holds_out: bool, generator: Any
) -> MultiTaskNet:
    n_members = number_of_members(
        estimator.n_members, len(rows), holds_out, n_read=rows.n_read
    )
    return new_net(
        estimator,
        codings,
        n_members=n_members,
        n_rows=rows.n_read,
        generator=generator,
        callbacks=callbacks_of(estimator, codings),
    )


def _run(
    net: MultiTaskNet,
    rows: MemberRows,
    tasks: list[Task],
    stops: bool,
    epochs: int | None,
) -> None:
    best = dict(net.callbacks_).get("best_weights")
    if best is not None:
        best.set_params(monitor="valid" if stops else None)
    net.partial_fit(rows, epochs=epochs)
    if best is not None and best.diverged_:
        _report_divergence(best, tasks)


def _report_divergence(best: Any, tasks: list[Task]) -> None:
    """Say which task's loss was no longer finite, and what was kept."""
    member, (epoch, t) = next(iter(best.diverged_.items()))
    what = "The weights" if t < 0 else f"The loss of {tasks[t].describe()}"
    said = f"{what} turned infinite or NaN in epoch {epoch} (member {member})."
    remedy = "Lower learning_rate_init, or look for extreme values in X and y."
    if not best.best_epoch_.any():
        raise ValueError(f"{said} Nothing was learned before. {remedy}")
    warn(
        f"{said} The weights of epoch {best.best_epoch_[member]} are kept. {remedy}",
        ConvergenceWarning,
    )
