"""A stack whose training does not fit the memory is trained some members at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from skorch.history import History

from sklearn_mtl.training._batches import MemberRows
from sklearn_mtl.training._column_losses import history_keys, means_of_columns
from sklearn_mtl.training._course import Course, Reason
from sklearn_mtl.training._interrupts import interrupts_end
from sklearn_mtl.training._last_losses import mean_of_labelled, with_last_losses
from sklearn_mtl.training._net import MultiTaskNet
from sklearn_mtl.training._part import (
    Part,
    can_part,
    net_of_members,
    set_state_beside_members,
    state_beside_members,
)

MOST_BYTES = 2 * 2**30
"""Memory of a stack while it trains, beyond which it is cut."""
COPIES = 5
"""Of a weight while training: itself, its gradient, two moments and the best one."""


def trains_at_once(net: MultiTaskNet) -> bool:
    """Tell whether all members of a net are trained at once, not some at a time."""
    return len(_parts(net)) == 1


def stacks_that_fit(net: MultiTaskNet) -> int:
    """Tell how many stacks like that of a net may be trained at once."""
    return MOST_BYTES // bytes_of_training(net)


def bytes_of_training(net: MultiTaskNet) -> int:
    """Tell how much memory the weights of a net take while it trains."""
    parameters = [*net.module_.parameters(), *net.criterion_.parameters()]
    return COPIES * sum(p.numel() * p.element_size() for p in parameters)


def train(
    net: MultiTaskNet,
    rows: MemberRows,
    epochs: int | None = None,
    course: Course | None = None,
    part: str = "shared",
) -> None:
    """Train all members of a net, at once or some at a time where memory asks for it.

    What was learned, and the history, are those of one stack. Callbacks are told of
    each part's training. An epoch at least is trained, whatever has ended the course.

    Parameters
    ----------
    net : MultiTaskNet
    rows : MemberRows
    epochs : int or None
        None for the net's own number.
    course : Course or None
        Of the fit that this is a part of.
    part : {"shared", "trials", "own", "taught"}
        Which part of the fit it is.
    """
    course = course or Course()
    net.part = part
    cuts = _parts(net)
    most_epochs = len(cuts) * (net.max_epochs if epochs is None else epochs)
    with course.part(part, most_epochs):
        if len(cuts) == 1:
            _run(net, rows, epochs, course)
        else:
            _train_some_at_a_time(net, cuts, rows, epochs, course)


def _train_some_at_a_time(
    net: MultiTaskNet,
    cuts: list[np.ndarray],
    rows: MemberRows,
    epochs: int | None,
    course: Course,
) -> None:
    start = state_beside_members(net)
    trained: list[_Trained] = []
    ended_by: Reason | None = None
    for position, members in enumerate(cuts):
        own_course = course.of_one_among(len(cuts) - position)
        cut = _train_part(net, members, start, rows, epochs, own_course)
        trained.append(cut)
        if own_course.ended_by == "interrupt":
            course.end("interrupt")
        elif own_course.ended_by == "callback":  # the others train no longer than these
            epochs = max(1, len(cut.history) - len(net.history))
        ended_by = ended_by or own_course.ended_by
    if ended_by is not None:
        course.end(ended_by)
    longest = max(trained, key=lambda cut: len(cut.history))
    set_state_beside_members(net, longest.optimizer_state)
    _join_losses(net, trained)
    _join_histories(net, trained)
    _join_best(net, trained)


def _run(
    net: MultiTaskNet, rows: MemberRows, epochs: int | None, course: Course
) -> None:
    """Train as a part of a fit, which the net forgets afterwards."""
    net.course = course
    try:
        with interrupts_end(course):
            net.partial_fit(rows, epochs=epochs)
    finally:
        net.course = Course()


class _Trained(NamedTuple):
    """What remains of a part's training, beside what was written into the whole net.

    Its tensors do not, as they would fill the memory that cutting saves.
    """

    members: np.ndarray
    history: History
    losses: dict[str, dict[str, list[np.ndarray]]]
    best: dict[str, Any] | None
    optimizer_state: list[dict[str, Any] | None]


def _train_part(
    net: MultiTaskNet,
    members: np.ndarray,
    start: list[dict[str, Any] | None],
    rows: MemberRows,
    epochs: int | None,
    course: Course,
) -> _Trained:
    """Train some members from the optimizer's first step on, and put them back."""
    part = net_of_members(net, members)
    set_state_beside_members(part, start)
    _run(part, rows.select(members), epochs, course)
    Part(members, part.module_, part.criterion_, part.optimizer_).put_back(net)
    best = dict(part.callbacks_).get("best_weights")
    return _Trained(
        members,
        part.history,
        {name: getattr(part, name) for name in part.losses_by_epoch},
        None if best is None else vars(best).copy(),
        state_beside_members(part),
    )


def _parts(net: MultiTaskNet) -> list[np.ndarray]:
    """Members that are trained together."""
    members = np.arange(len(net.criterion_.task_weight))
    n_parts = min(len(members), -(-bytes_of_training(net) // MOST_BYTES))
    if n_parts < 2 or not can_part(net):
        return [members]
    return np.array_split(members, n_parts)


def _join_losses(net: MultiTaskNet, trained: list[_Trained]) -> None:
    """Bring the losses of the parts together; NaN where a part had ended."""
    n_epochs = max(len(part.history) for part in trained)
    for name in net.losses_by_epoch:
        joined: dict[str, list[np.ndarray]] = {}
        for key in getattr(net, name):
            of_parts = [part.losses[name][key] for part in trained]
            # A part may have been broken off in its first epoch.
            shape = next((losses[0].shape[1:] for losses in of_parts if losses), ())
            ended = [np.full((len(p.members), *shape), np.nan) for p in trained]
            joined[key] = [
                np.concatenate(
                    [
                        losses[epoch] if epoch < len(losses) else none
                        for losses, none in zip(of_parts, ended, strict=True)
                    ]
                )
                for epoch in range(n_epochs)
            ]
        setattr(net, name, joined)


def _join_histories(net: MultiTaskNet, trained: list[_Trained]) -> None:
    """Make the history that a stack of all members would have; seconds add up."""
    longest = max((part.history for part in trained), key=len)
    means = _means(net)
    for epoch in range(len(net.history), len(longest)):
        row = dict(longest[epoch])
        row["dur"] = sum(
            part.history[epoch]["dur"] for part in trained if epoch < len(part.history)
        )
        if "valid_score" in row:
            average = with_last_losses(net.scores_["average"])[epoch]
            row["valid_score"] = mean_of_labelled(average)
        for key in means.keys() & row.keys():
            row[key] = means[key][epoch]
            if f"{key}_best" in row:
                earlier = [before[key] for before in net.history if key in before]
                row[f"{key}_best"] = row[key] < min(earlier, default=np.inf)
        net.history.append(row)


def _means(net: MultiTaskNet) -> dict[str, Sequence[float]]:
    """Mean losses over members of each epoch, under their names in the history."""
    means: dict[str, Sequence[float]] = {
        f"{part}_loss": [
            mean_of_labelled(net.monitor(loss)) for loss in with_last_losses(losses)
        ]
        for part, losses in net.task_losses_.items()
    }
    for part, losses in net.task_losses_.items():
        of_epochs = [means_of_columns(loss) for loss in with_last_losses(losses)]
        keys = history_keys(part, net.criterion_.layout.names)
        means |= dict(zip(keys, zip(*of_epochs, strict=True), strict=bool(of_epochs)))
    decoding: dict[str, Any] = getattr(net, "reconstruction_losses_", {})
    for part, costs in decoding.items():
        filled = with_last_losses(costs)
        means[f"{part}_reconstruction"] = list(map(mean_of_labelled, filled))
    return means


def _join_best(net: MultiTaskNet, trained: list[_Trained]) -> None:
    """Tell of all members what early stopping found."""
    best = dict(net.callbacks_).get("best_weights")
    if best is None:
        return
    found = [(part.members, part.best) for part in trained if part.best is not None]
    for name in ("best_epoch_", "best_loss_"):
        setattr(best, name, np.concatenate([known[name] for _, known in found]))
    best.diverged_ = {
        int(members[k]): what
        for members, known in found
        for k, what in known["diverged_"].items()
    }
