"""The nets of a fit: made or gone on with, and trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sklearn.exceptions import ConvergenceWarning

from sklearn_mtl.estimators._codings import Codings
from sklearn_mtl.estimators._encode import encode_rows
from sklearn_mtl.estimators._fitted_stack import FittedStack
from sklearn_mtl.estimators._members import members_on_new_rows, new_members
from sklearn_mtl.estimators._new_net import callbacks_of, new_net
from sklearn_mtl.estimators._own_net import find_own_net, may_part
from sklearn_mtl.estimators._reading import seed_of
from sklearn_mtl.estimators._rows import Rows
from sklearn_mtl.estimators._warm_start import adopt_parameters
from sklearn_mtl.exceptions import warn
from sklearn_mtl.tasks import Task
from sklearn_mtl.training import (
    MemberRows,
    Members,
    MultiTaskNet,
    draw_seed,
    new_generator,
    teams,
    train,
)


class Trained(NamedTuple):
    """Nets, the seed of their folds, and the encoded rows that they were trained on."""

    net: MultiTaskNet
    own_net: MultiTaskNet | None
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
    arrange: Callable[[Members], Members] | None,
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
    arrange : callable or None
        Makes other members of those that the estimator's parameters say.
    """
    generator = new_generator(seed_of(estimator.random_state))
    stops = holds_out and estimator.early_stopping
    stops_on_own_rows = stops and validation is None
    own_net = None
    if earlier is None:
        fold_seed = draw_seed(generator)
        members = new_members(
            estimator,
            codings,
            rows,
            may_hold_out=holds_out,
            stops_on_own_rows=stops_on_own_rows,
            fold_seed=fold_seed,
            generator=generator,
        )
        net = new_net(
            estimator,
            codings,
            members if arrange is None else arrange(members),
            n_rows=rows.n_read,
            generator=generator,
            callbacks=callbacks_of(estimator, codings),
        )
    else:
        net, own_net, fold_seed = earlier.net, earlier.own_net, earlier.fold_seed
        for known in earlier.nets:
            adopt_parameters(estimator, codings, known)
        net.members = members_on_new_rows(
            estimator,
            net.members,
            len(rows),
            stops_on_own_rows=stops_on_own_rows,
            fold_seed=fold_seed,
        )
    encoded = encode_rows(net, codings, rows, validation)
    _run(net, encoded, codings.tasks, stops, epochs)
    if own_net is not None:
        alone = [(t,) for t in own_net.members.tasks]
        own_net.members = teams(net.members, alone)
        own_rows = encoded.select(own_net.members.origin)
        _run(own_net, own_rows, codings.tasks, stops, epochs)
    if stops and earlier is None and may_part(estimator, codings, net):
        own_net = find_own_net(estimator, codings, net, encoded, rows.n_read, generator)
    return Trained(net, own_net, fold_seed, encoded)


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
    train(net, rows, epochs)
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
