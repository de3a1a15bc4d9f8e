"""What members of a stack cost that stop early, that are unlike, or that go on alone.

Does the arithmetic of a member end when it stops, do rates, dropout and depth of each
member's own slow a step down, is a stack of unlike nets quicker than one net after the
other, and what do columns cost that go on alone? Nets are trained by the package's own
loop, without an estimator: neither encoding nor prediction is in the figures.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from skorch.callbacks import Callback

from benchmarks.benchmark import Benchmark, Plan, Run
from benchmarks.parts import Part, Parts
from benchmarks.report import table
from benchmarks.speed._member_nets import (
    ROWS,
    TASKS,
    Hidden,
    alike,
    epoch_seconds,
    multiply_adds,
    ready,
    step_microseconds,
    watched,
)
from benchmarks.timing import in_rounds, in_turns, quartiles, seconds, usual
from sklearn_mtl.training import OF_EACH, Members, MultiTaskNet, teams, train

MEMBERS = 8
LARGE: Hidden = (256, 256)
SMALL: Hidden = (64, 64)
EPOCHS, EPOCHS_OF_TRIALS = 3, 2
"""Few, so that rivals are timed close to each other; the first is not counted."""
EPOCHS_OF_SMALL_NETS = 5
DROPOUT = 0.2


class StopSome(Callback):
    """Let the last members stop after an epoch."""

    def __init__(self, n_members: int, epoch: int) -> None:
        self.n_members = n_members
        self.epoch = epoch

    def on_epoch_end(self, net: MultiTaskNet, **kwargs: Any) -> None:
        if len(net.history) == self.epoch:
            stopped = np.arange(net.members.number)[-self.n_members :]
            dict(net.callbacks_)["best_weights"].stop(stopped)


def before_and_after(
    members: Members, n_rows: int, epochs: int, stopped: int
) -> dict[str, float]:
    """Time epochs of a stack of which some members leave halfway.

    Raises
    ------
    AssertionError
        If others have left than those that stopped.
    """
    stop = StopSome(stopped, epochs)
    watch, net = watched(members, LARGE, n_rows, 2 * epochs, stop)
    has_left = np.isnan(net.task_losses_["train"][-1]).all(axis=1)
    assert has_left.sum() == stopped, f"{has_left.sum()} members left, not {stopped}."
    before, after = watch.epochs[:epochs], watch.epochs[epochs:]
    return {"before": usual(before), "first": after[0], "after": usual(after)}


def some(members: Members, chosen: Sequence[int]) -> Members:
    """Take members out of their stack, with the folds of all."""
    of_chosen = {name: getattr(members, name)[list(chosen)] for name in OF_EACH}
    return replace(members, **of_chosen)


def members_that_stopped(plan: Plan, stopped: int) -> dict[str, list[float]]:
    n_rows, epochs = plan.fewer(ROWS), plan.fewer(EPOCHS)
    stack = alike(MEMBERS, LARGE, n_rows, n_folds=MEMBERS)
    rest = some(stack, range(MEMBERS - stopped))
    fewer = epoch_seconds(rest, LARGE, n_rows, epochs)
    return in_rounds(
        lambda: {
            **before_and_after(stack, n_rows, epochs, stopped),
            "fewer": fewer(),
        },
        plan.rounds,
    )


def stopped_table(runs: list[Run]) -> str:
    rows = []
    for run in runs:
        left = MEMBERS - run["stopped"]
        names = ("before", "first", "after")
        times = [f"{1e3 * np.median(run[name]):.0f}" for name in names]
        after, fewer = (
            quartiles(run[name], run["before"], 3) for name in ("after", "fewer")
        )
        rows.append([f"{run['stopped']} of {MEMBERS}", *times])
        rows[-1] += [after, f"{left / MEMBERS:.3f}", fewer]
    header = ["members that stop, epochs in ms", "before", "first after", "after"]
    header += ["after / before", "ideal", "the others from the start / before"]
    return table(header, rows)


def spread(members: Members, **around: float) -> Members:
    """Give members values around those that they have, up to a factor each way."""
    exponent = np.linspace(-1.0, 1.0, members.number)
    return replace(
        members,
        **{
            name: getattr(members, name) * factor**exponent
            for name, factor in around.items()
        },
    )


def half_as_deep(members: Members) -> Members:
    """Let the second half of the members use half of the layers."""
    depth = members.depth.copy()
    depth[members.number // 2 :] //= 2
    return replace(members, depth=depth)


UNLIKE: dict[str, tuple[float, Callable[[Members], Members]]] = {
    "rates and decays": (0.0, partial(spread, learning_rate=10.0, weight_decay=10.0)),
    "dropout": (DROPOUT, partial(spread, dropout=2.0)),
    "depth, half of the members with one layer": (0.0, half_as_deep),
}
"""Dropout of the members that are alike, and what makes them unlike."""


def unlike_and_alike(plan: Plan, unlike: str) -> dict[str, Any]:
    dropout, made_unlike = UNLIKE[unlike]
    n_rows, epochs = plan.fewer(ROWS), plan.fewer(EPOCHS)
    same = alike(MEMBERS, LARGE, n_rows, n_folds=0, dropout=dropout)
    stacks = {"own": made_unlike(same), "same": same}
    rivals = {
        name: step_microseconds(members, LARGE, n_rows, epochs)
        for name, members in stacks.items()
    }
    own, of_same = (multiply_adds(members, LARGE) for members in stacks.values())
    return {"work": own / of_same} | in_turns(rivals, plan.rounds)


def unlike_table(runs: list[Run]) -> str:
    rows = []
    for run in runs:
        times = [f"{np.median(run[name]):.0f}" for name in ("same", "own")]
        ratio = quartiles(run["own"], run["same"])
        rows.append([run["unlike"], *times, ratio, f"{run['work']:.2f}"])
    header = ["unlike, µs a step", "members alike", "unlike", "ratio"]
    return table([*header, "of multiply-adds"], rows)


def train_each(stacks: list[Members], n_rows: int, epochs: int) -> None:
    for members in stacks:
        train(*ready(members, SMALL, n_rows, epochs))


def one_stack_and_many_nets(plan: Plan, nets: int) -> dict[str, list[float]]:
    n_rows, epochs = plan.fewer(ROWS), plan.fewer(EPOCHS_OF_SMALL_NETS)
    # All hold out the same rows, as the candidates of a search do.
    same = alike(nets, SMALL, n_rows, n_folds=1, dropout=DROPOUT)
    unlike = spread(same, learning_rate=10.0, weight_decay=10.0, dropout=2.0)
    unlike = half_as_deep(unlike)
    stacks = {"stack": [unlike], "in_turn": [some(unlike, [k]) for k in range(nets)]}

    def training(members: list[Members]) -> Callable[[], float]:
        return lambda: seconds(lambda: train_each(members, n_rows, epochs))

    rivals = {name: training(members) for name, members in stacks.items()}
    return in_turns(rivals, plan.rounds)


def nets_table(runs: list[Run]) -> str:
    rows = []
    for run in runs:
        times = [f"{np.median(run[name]):.2f}" for name in ("in_turn", "stack")]
        ratio = quartiles(run["stack"], run["in_turn"])
        rows.append([str(run["nets"]), *times, ratio])
    header = ["unlike nets of 64x2, s", "one after another", "in one stack", "ratio"]
    return table(header, rows)


def trials_and_shared(plan: Plan, columns: int) -> dict[str, list[float]]:
    """Time epochs of the second stack, where columns go on alone, and of the first."""
    n_rows, epochs = plan.fewer(ROWS), plan.fewer(EPOCHS_OF_TRIALS)
    shared = alike(MEMBERS, LARGE, n_rows, n_folds=MEMBERS)
    trials = teams(shared, [(t,) for t in range(columns)])
    rivals = {
        name: epoch_seconds(members, LARGE, n_rows, epochs)
        for name, members in (("trials", trials), ("shared", shared))
    }
    return in_turns(rivals, plan.rounds)


def columns_table(runs: list[Run]) -> str:
    rows = []
    for run in runs:
        times = [f"{1e3 * np.median(run[name]):.0f}" for name in ("shared", "trials")]
        ratio = quartiles(run["trials"], run["shared"])
        rows.append([f"{run['columns']} of {TASKS}", *times, ratio])
    header = ["columns that go on alone, epochs in ms", "shared", "alone"]
    return table([*header, "alone / shared"], rows)


PARTS = Parts(
    {
        "stopped": Part((4, 7), members_that_stopped, stopped_table),
        "unlike": Part(tuple(UNLIKE), unlike_and_alike, unlike_table),
        "nets": Part((MEMBERS,), one_stack_and_many_nets, nets_table),
        "columns": Part((1, 2, 4), trials_and_shared, columns_table),
    }
)


def as_table(runs: list[Run]) -> list[str]:
    first = next(value for value in runs[0].values() if isinstance(value, list))
    return [
        *PARTS.tables(runs),
        f"Medians of {len(first)} rounds; ratios are medians of the ratios within a "
        "round, with their quartiles.",
    ]


BENCHMARK = Benchmark(
    "Members of the stack", PARTS.cases, PARTS.measure, as_table, rounds=9, timed=True
)
