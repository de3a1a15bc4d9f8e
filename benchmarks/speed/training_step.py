"""Microseconds of a training step: this project against the peers of _step_peers.py.

Is a net of this project as quick to train as one trained by scikit-learn, by skorch or
by a loop of one's own, and what does a stack of sixteen cost? Whole fits are timed, in
turn, with equal threads: what a fit does outside its steps counts against it. Only this
project and skorch hold rows out and validate on them; their time counts as well.
"""

import time
from functools import partial

import numpy as np

from benchmarks.benchmark import Benchmark, Case, Plan, Run, combined
from benchmarks.report import table
from benchmarks.speed._step_peers import PEERS, Size, Trainer, ours
from benchmarks.timing import in_turns, median_ratio

STACK = 16
THREADS = (1, 2)


SIZES = (
    Size(400, 16, 3, (32, 32), 32, 80),
    Size(400, 16, 3, (128, 128), 32, 80),
    Size(2000, 32, 6, (128, 128), 64, 40),
    Size(20000, 64, 8, (256, 256), 256, 4),
)
STACKED = SIZES[:3]
"""Sizes at which a stack of members is measured."""


def made(size: Size) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(size.rows, size.features)).astype(np.float32)
    weight = rng.normal(size=(size.features, size.tasks)).astype(np.float32)
    noise = rng.normal(size=(size.rows, size.tasks)).astype(np.float32)
    return X, np.tanh(X @ weight) + 0.1 * noise


def microseconds(train: Trainer, X: np.ndarray, y: np.ndarray, size: Size) -> float:
    """Time one fit, divided by its steps."""
    begin = time.perf_counter()
    steps = train(X, y, size)
    return 1e6 * (time.perf_counter() - begin) / steps


def cases(plan: Plan) -> list[Case]:
    return combined(threads=THREADS, size=map(str, SIZES))


def measure(plan: Plan, size: str, threads: int) -> dict[str, list[float]]:
    (known,) = (one for one in SIZES if str(one) == size)
    trainers = {"ours": ours, **(PEERS if plan.peers else {})}
    if known in STACKED:
        trainers["stack"] = partial(ours, n_members=STACK)
    X, y = made(known)
    known = known._replace(epochs=plan.fewer(known.epochs))
    rivals = {
        name: partial(microseconds, train, X, y, known)
        for name, train in trainers.items()
    }
    return in_turns(rivals, plan.rounds)


def as_table(runs: list[Run]) -> list[str]:
    first = ["n, d, T, hidden, batch", "threads"]
    medians, ratios = [], []
    for run in runs:
        label = [run["size"], str(run["threads"])]
        names = ["ours", *PEERS, "stack"]
        known = {name: f"{np.median(run[name]):.0f}" for name in names if name in run}
        medians.append([*label, *(known.get(name, "") for name in names)])
        cells = [f"{median_ratio(run['ours'], run[name]):.2f}" for name in PEERS]
        stack = median_ratio(run["stack"], run["ours"]) if "stack" in run else None
        ratios.append([*label, *cells, f"{stack:.2f}" if stack else ""])
    return [
        table([*first, "ours", *PEERS, f"{STACK} members"], medians),
        "Time of ours divided by that of each peer, and of the stack by ours:",
        table([*first, *PEERS, f"{STACK} members / one"], ratios),
        f"Microseconds a step, medians of {len(runs[0]['ours'])} rounds; ratios "
        "are medians of the ratios within a round.",
    ]


BENCHMARK = Benchmark("Training step", cases, measure, as_table, rounds=5, timed=True)
