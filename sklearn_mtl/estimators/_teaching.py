"""How much columns learn from teachers, as held-out rows say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklearn_mtl.estimators._codings import Codings
from sklearn_mtl.estimators._encode import encode_table
from sklearn_mtl.estimators._fitted_stack import FittedStack
from sklearn_mtl.estimators._lessons import Lessons
from sklearn_mtl.estimators._losses_of_mean import losses_of_mean
from sklearn_mtl.estimators._new_net import (
    new_net,
    rate_schedule,
    stop_together,
    watchers_of,
)
from sklearn_mtl.estimators._own_net import gain_between, is_gain
from sklearn_mtl.estimators._rows import Rows
from sklearn_mtl.training import (
    Course,
    MemberRows,
    Members,
    MultiTaskNet,
    become_candidate,
    draw_seed,
    give_taught_rows,
    new_generator,
    teams,
    train,
)

WEIGHTS = (1 / 16, 1 / 4, 1.0)
"""Of a soft label beside a real one, among which the best is sought; 0 is one, too."""
MOST_TRIALS = 2
"""Of unlike weights for columns, in which those that do not gain lose theirs."""


@dataclass(frozen=True, eq=False)
class Taught:
    """A net, the rows that it was trained on, and what teachers changed.

    Attributes
    ----------
    net : MultiTaskNet
    rows : MemberRows
    lessons : Lessons
    weight : ndarray of shape (n_columns,)
        Of the soft labels of each column that has a teacher; 0 where they do not help.
    loss_without, loss_with : ndarray of shape (n_columns,)
        Held-out loss of each of these columns, the second with the weight, or with the
        best one that was tried and did not help.
    """

    net: MultiTaskNet
    rows: MemberRows
    lessons: Lessons
    weight: np.ndarray
    loss_without: np.ndarray
    loss_with: np.ndarray


class School:
    """Trains members of the shapes and folds that a net has, with teachers.

    Parameters
    ----------
    estimator : MultiTaskNetEstimator or a sibling
    codings : Codings
    net : MultiTaskNet
        Trained without teachers.
    rows : MemberRows
        Those that it was trained on.
    held_out_rows : Rows
        Those of the table behind what members held out.
    lessons : Lessons
    seed : int
    course : Course
        Of the fit.
    """

    def __init__(
        self,
        estimator: Any,
        codings: Codings,
        net: MultiTaskNet,
        rows: MemberRows,
        held_out_rows: Rows,
        lessons: Lessons,
        seed: int,
        course: Course,
    ) -> None:
        self.estimator, self.codings, self.course = estimator, codings, course
        self.net, self.rows, self.lessons = net, rows, lessons
        self.held_out_rows = held_out_rows
        self.generator = new_generator(seed)
        self.table = rows.table
        if len(lessons.rows) > len(rows.table):
            self.table = encode_table(net, codings, lessons.rows)

    def train(self, members: Members, pace: np.ndarray) -> MultiTaskNet:
        """Train members (K,) whose soft labels have the weights (K, n_columns)."""
        net = self.new_net(members)
        train(net, self.rows_of(net, pace), None, self.course, "taught")
        return net

    def losses(self, net: MultiTaskNet) -> np.ndarray:
        """Losses (K, T) of members on rows that they held out; see `losses_of_mean`."""
        held_out = self.rows.held_out
        assert held_out is not None  # or nothing would tell what helps
        tasks = self.codings.tasks
        found = np.full((net.members.number, len(tasks)), np.nan)
        columns = [t for t, task in enumerate(tasks) if task.prior_cost_]
        ones = np.ones(len(tasks))
        stack = FittedStack(net, None, self.codings, ones, ones, fold_seed=0)
        origin = net.members.origin
        found[:, columns] = losses_of_mean(
            stack,
            held_out.select(origin),
            self.held_out_rows,
            columns,
            net.members.candidate,
        )
        return found

    def new_net(self, members: Members) -> MultiTaskNet:
        """Make a net of members."""
        return new_net(
            self.estimator,
            self.codings,
            members,
            n_rows=len(self.lessons.rows),
            generator=new_generator(draw_seed(self.generator)),
            callbacks=[
                *rate_schedule(self.estimator),
                ("stop_together", stop_together(self.estimator, members)),
                *watchers_of(self.estimator),
            ],
        )

    def rows_of(self, net: MultiTaskNet, pace: np.ndarray) -> MemberRows:
        """Give members of a net their rows."""
        own = self.rows.held_out
        assert own is not None  # or nothing would tell what helps
        rows = give_taught_rows(
            net,
            self.table,
            [lesson.soft for lesson in self.lessons.of_columns],
            pace,
            validation_table=None if own.table is self.rows.table else own.table,
            generator=new_generator(draw_seed(self.generator)),
        )
        assert rows.held_out is not None
        rows.held_out.scorer = own.scorer
        return rows


def teach(school: School) -> Taught:
    """Train with teachers, and keep what is better by it on held-out rows.

    Members are trained by several weights of the soft labels, one for all columns, side
    by side in one stack, from the weights that they started from without teachers. A
    column takes the best of its weights, where that lowers its loss by more than
    chance; where columns take different ones, members are trained once more by these,
    and again without the teachers of columns that do not gain then. The net without
    teachers stays where no column gains, or all in sum lose by it.
    """
    columns = [lesson.t for lesson in school.lessons.of_columns]
    nothing = np.full(len(columns), np.nan)
    shared = school.losses(school.net)
    kept = Taught(
        school.net,
        school.rows,
        school.lessons,
        weight=np.zeros(len(columns)),
        loss_without=_mean(shared[:, columns]),
        loss_with=nothing,
    )
    try:
        if not school.course.goes_on():
            return kept
        stack = _with_weights(school)
        if not stack.history:
            return kept
        of_members, candidate = school.losses(stack), stack.members.candidate
        losses = [of_members[candidate == c] for c in range(len(WEIGHTS))]
        tried = np.array([_mean(own[:, columns]) for own in losses])
        kept = replace(kept, loss_with=_least(tried))
        return _best(school, stack, shared, losses, kept)
    except KeyboardInterrupt:  # what is learned without teachers has been learned
        school.course.end("interrupt")
        return kept


def _best(
    school: School,
    stack: MultiTaskNet,
    shared: np.ndarray,
    losses: list[np.ndarray],
    without: Taught,
) -> Taught:
    """Give what is best: a weight a column, one for all, or no teacher."""
    members = school.net.members
    columns = [lesson.t for lesson in school.lessons.of_columns]
    gains = np.array([gain_between(shared, own) for own in losses])
    best = best_of_weights(gains[:, :, columns])
    if (best < 0).all():
        return without
    weight = np.where(best < 0, 0.0, np.array(WEIGHTS)[best])
    if (best == best[0]).all():
        own = become_candidate(stack, int(best[0]), school.new_net(members))
        if not loses(gains[best[0]], members.task_weight, columns, weight).any():
            return _taught(school, own, weight, losses[best[0]][:, columns], without)
    for _ in range(MOST_TRIALS):
        if not weight.any() or not school.course.goes_on():
            break
        own = school.train(members, np.tile(weight, (members.number, 1)))
        learned = school.losses(own)
        lost = loses(
            gain_between(shared, learned), members.task_weight, columns, weight
        )
        if not lost.any():
            return _taught(school, own, weight, learned[:, columns], without)
        weight = np.where(lost, 0.0, weight)
    return without


def _taught(
    school: School,
    net: MultiTaskNet,
    weight: np.ndarray,
    losses: np.ndarray,
    without: Taught,
) -> Taught:
    """Keep a net that teachers have made better."""
    rows = school.rows_of(net, np.tile(weight, (net.members.number, 1)))
    loss_with = np.where(weight > 0, _mean(losses), without.loss_with)
    return replace(without, net=net, rows=rows, weight=weight, loss_with=loss_with)


def _with_weights(school: School) -> MultiTaskNet:
    """Train with each of the weights, which is a candidate of the stack."""
    members, n_columns = school.net.members, len(school.lessons.of_columns)
    everything = range(members.task_weight.shape[1])
    copies = teams(members, [everything] * len(WEIGHTS))
    of_members = np.array(WEIGHTS)[copies.candidate]
    return school.train(copies, np.tile(of_members[:, np.newaxis], (1, n_columns)))


def best_of_weights(gains: np.ndarray) -> np.ndarray:
    """Which of several weights each column gains most by, (n_columns,); -1 for none.

    Parameters
    ----------
    gains : ndarray of shape (n_weights, K, n_columns)
        Fall of the held-out loss, in units of the prior; NaN where nothing tells.
    """
    best = np.full(gains.shape[2], -1)
    for column, of_column in enumerate(np.moveaxis(gains, 2, 0)):
        means = np.array(
            [own[np.isfinite(own)].mean() if is_gain(own) else 0.0 for own in of_column]
        )
        if means.max() > 0.0:
            best[column] = means.argmax()
    return best


def loses(
    gain: np.ndarray, task_weight: np.ndarray, columns: list[int], weight: np.ndarray
) -> np.ndarray:
    """Which columns that take a weight do not gain (K, T) by it, (n_columns,).

    All of them, where by more than chance the columns of y in sum lose.
    """
    known = np.where(np.isfinite(gain), gain, 0.0)
    if is_gain(-(known * task_weight).sum(axis=1)):
        return weight > 0
    return (weight > 0) & (known[:, columns].mean(axis=0) <= 0.0)


def _mean(losses: np.ndarray) -> np.ndarray:
    """Mean (n_columns,) over members (K, n_columns) that have a loss; NaN without."""
    known = np.isfinite(losses)
    total = np.where(known, losses, 0.0).sum(axis=0)
    count = known.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _least(tried: np.ndarray) -> np.ndarray:
    """Least loss (n_columns,) of several (n_weights, n_columns); NaN without any."""
    known = np.where(np.isfinite(tried), tried, np.inf).min(axis=0)
    return np.where(np.isfinite(known), known, np.nan)
