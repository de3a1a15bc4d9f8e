"""The nets of a fit: made or gone on with, and trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from sklearn.exceptions import ConvergenceWarning

from sklearn_mtl.estimators._codings import Codings
from sklearn_mtl.estimators._encode import encode_rows
from sklearn_mtl.estimators._fitted_stack import FittedStack
from sklearn_mtl.estimators._freeze import freeze_of
from sklearn_mtl.estimators._lessons import Lessons
from sklearn_mtl.estimators._members import members_on_new_rows, new_members
from sklearn_mtl.estimators._new_net import callbacks_of, new_net
from sklearn_mtl.estimators._own_net import find_own_net, may_part
from sklearn_mtl.estimators._reading import seed_of
from sklearn_mtl.estimators._rows import Rows
from sklearn_mtl.estimators._scoring import HeldOutScorer, scorer_of
from sklearn_mtl.estimators._teaching import School, Taught, teach
from sklearn_mtl.estimators._user_folds import asks_for_folds
from sklearn_mtl.estimators._warm_nets import nets_to_go_on_with
from sklearn_mtl.exceptions import warn
from sklearn_mtl.metrics import TaskScorer
from sklearn_mtl.tasks import Task
from sklearn_mtl.training import (
    Course,
    MemberRows,
    Members,
    MultiTaskNet,
    TaskTable,
    draw_seed,
    new_generator,
    teams,
    train,
)

Windows = Callable[[MultiTaskNet, Codings], Iterator[TaskTable]]
Ask = Callable[[Members, int], Lessons]


class Trained(NamedTuple):
    """Nets, the seed of their folds, and the encoded rows that they were trained on.

    `held` are the columns of an earlier fit of which nothing was trained; `taught` says
    what teachers had to do with it, None where there are none.
    """

    net: MultiTaskNet
    own_net: MultiTaskNet | None
    fold_seed: int
    rows: MemberRows
    held: Sequence[int] = ()
    taught: Taught | None = None


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
    windows: Windows | None,
    ask_teachers: Ask | None,
    course: Course,
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
    windows : callable or None
        Makes tables of which each epoch reads one; all read `rows` without.
    ask_teachers : callable or None
        Gives what teachers say of rows, of members and a seed.
    course : Course
        Of the fit.
    """
    generator = new_generator(seed_of(estimator.random_state))
    stops = holds_out and estimator.early_stopping
    asked = asks_for_folds(estimator, rows.groups)
    holds_out_own = holds_out and validation is None and (stops or asked)
    own_net = taught = lessons = None
    freeze = freeze_of(estimator, rows.scoring_weight, earlier)
    scorer = scorer_of(estimator, holds_out_own or validation is not None)
    if scorer is not None:
        scorer.columns_of(codings.predicted_tasks)  # an error before anything is made
    if earlier is None:
        fold_seed = draw_seed(generator)
        members = new_members(
            estimator,
            codings,
            rows,
            may_hold_out=holds_out,
            holds_out=holds_out_own,
            fold_seed=fold_seed,
            generator=generator,
        )
        if arrange is not None:
            members = arrange(members)
        if ask_teachers is not None:
            lessons = ask_teachers(members, fold_seed)
        net = new_net(
            estimator,
            codings,
            members,
            n_rows=rows.n_read,
            generator=generator,
            callbacks=callbacks_of(estimator, codings, members),
        )
    else:
        fold_seed = earlier.fold_seed
        members = members_on_new_rows(
            estimator,
            earlier.net.members,
            rows,
            codings=codings,
            task_weight=freeze.weigh(codings.task_share),
            holds_out=holds_out_own,
            fold_seed=fold_seed,
        )
        freeze.check(earlier.net)
        net, own_net = nets_to_go_on_with(
            estimator,
            codings,
            earlier,
            members,
            rows.n_read,
            generator,
            has_all_rows=holds_out,
        )
    encoded = encode_rows(net, codings, rows, validation)
    if windows is not None:
        encoded.windows = windows(net, codings)
    if scorer is not None:
        source = rows if validation is None else validation
        score_by(scorer, net, encoded, codings, source)
    with freeze.of(net):
        _run(estimator, net, encoded, codings.tasks, stops, epochs, course)
    if lessons is not None and lessons.of_columns:
        judged = rows if validation is None else validation
        school = School(
            estimator, codings, net, encoded, judged, lessons, fold_seed, course
        )
        taught = teach(school)
        net, encoded = taught.net, taught.rows
    if encoded.held_out is not None:
        encoded.held_out.scorer = None  # columns alone are compared by their losses
    if own_net is not None:
        alone = [(t,) for t in own_net.members.tasks]
        own_net.members = teams(net.members, alone)
        if course.goes_on() and not freeze.holds_own_net:
            own_rows = encoded.select(own_net.members.origin)
            how = (codings.tasks, stops, epochs, course, "own")
            with freeze.of(own_net):
                _run(estimator, own_net, own_rows, *how)
    may_try = stops and earlier is None and may_part(estimator, codings, net)
    if may_try and course.goes_on():
        own_net = find_own_net(
            estimator, codings, net, encoded, rows.n_read, generator, course
        )
    _report_end(course, estimator, net)
    return Trained(net, own_net, fold_seed, encoded, freeze.columns(net), taught)


def score_by(
    scorer: TaskScorer,
    net: MultiTaskNet,
    encoded: MemberRows,
    codings: Codings,
    rows: Rows,
) -> None:
    """Let members stop by a metric of rows, those of the table that they hold out."""
    assert encoded.held_out is not None
    reads = list(map(net.criterion_.layout.read_by, range(len(codings.tasks))))
    encoded.held_out.scorer = HeldOutScorer(scorer, codings, rows, reads)


def _run(
    estimator: Any,
    net: MultiTaskNet,
    rows: MemberRows,
    tasks: list[Task],
    stops: bool,
    epochs: int | None,
    course: Course,
    part: str = "shared",
) -> None:
    run(net, rows, stops, epochs, course, part)
    report_divergence(net, tasks, estimator)


def run(
    net: MultiTaskNet,
    rows: MemberRows,
    stops: bool,
    epochs: int | None,
    course: Course,
    part: str = "shared",
) -> None:
    """Train all members, which stop early or not."""
    best = dict(net.callbacks_).get("best_weights")
    if best is not None:
        best.set_params(monitor="valid" if stops else None)
    train(net, rows, epochs, course, part)


def report_divergence(net: MultiTaskNet, tasks: list[Task], estimator: Any) -> None:
    """Say which task's loss was no longer finite, and what was kept.

    Raises
    ------
    ValueError
        Where nothing was learned before.
    """
    best = dict(net.callbacks_).get("best_weights")
    if best is None or not best.diverged_:
        return
    member, (epoch, t) = next(iter(best.diverged_.items()))
    what = "The weights" if t < 0 else f"The loss of {tasks[t].describe()}"
    said = f"{what} turned infinite or NaN in epoch {epoch} (member {member})."
    remedy = _remedy(estimator)
    if not best.best_epoch_.any():
        raise ValueError(f"{said} Nothing was learned before. {remedy}")
    warn(
        f"{said} The weights of epoch {best.best_epoch_[member]} are kept. {remedy}",
        ConvergenceWarning,
    )


def _report_end(course: Course, estimator: Any, net: MultiTaskNet) -> None:
    """Say that training was ended from outside; a callback knows what it does."""
    if course.ended_by not in ("time", "interrupt"):
        return
    what = f"after epoch {len(net.history)} of the shared network"
    kept = "The best weights so far are kept."
    if course.ended_by == "interrupt":
        warn(f"Training was interrupted {what}. {kept}", ConvergenceWarning)
        return
    warn(
        f"time_limit={estimator.time_limit!r} seconds ended training {what}. {kept} "
        "Raise it, or lower hidden_layer_sizes or n_members.",
        ConvergenceWarning,
    )


def _remedy(estimator: Any) -> str:
    """Name the parameter by which a step cannot but diverge, if there is one."""
    if estimator.alpha > 1 and estimator.alpha * estimator.learning_rate_init > 1:
        return (
            f"Lower alpha={estimator.alpha!r}: each step shrinks weights by alpha "
            "times learning_rate_init, which is above 1."
        )
    return "Lower learning_rate_init, or look for extreme values in X and y."
