"""Microseconds of a training step: this project against the peers of engine_peers.py.

Is a net of this project as quick to train as one trained by scikit-learn, by skorch or
by a loop of one's own, and what does a stack of sixteen cost? Whole fits are timed, in
turn, with equal threads: what a fit does outside its steps counts against it. Only this
project and skorch hold rows out and validate on them; their time counts as well.

    python benchmarks/bench_engine.py [--rounds 5]
"""

import argparse
import time
from functools import partial
from typing import NamedTuple

import numpy as np
from engine_peers import PEERS, Trainer, ours
from report import machine, write_section
from timing import in_child, in_turns, markdown, median_ratio

STACK = 16
THREADS = (1, 2)


class Size(NamedTuple):
    rows: int
    features: int
    tasks: int
    hidden: tuple[int, ...]
    batch: int
    epochs: int
    """So many that a fit takes about half a second."""

    def __str__(self) -> str:
        hidden = f"{self.hidden[0]}x{len(self.hidden)}"
        return f"{self.rows}, {self.features}, {self.tasks}, {hidden}, {self.batch}"


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


def microseconds(
    train: Trainer, X: np.ndarray, y: np.ndarray, size: Size, shorten: int
) -> float:
    """Time one fit, divided by its steps."""
    epochs = max(size.epochs // shorten, 1)
    begin = time.perf_counter()
    steps = train(X, y, size.hidden, size.batch, epochs)
    return 1e6 * (time.perf_counter() - begin) / steps


def measure(size: Size, n_rounds: int, shorten: int) -> dict[str, np.ndarray]:
    X, y = made(size)
    trainers = {"ours": ours, **PEERS}
    if size in STACKED:
        trainers["stack"] = partial(ours, n_members=STACK)
    rivals = {
        name: partial(microseconds, train, X, y, size, shorten)
        for name, train in trainers.items()
    }
    return in_turns(rivals, n_rounds)


def as_markdown(figures: dict[tuple[Size, int], dict[str, np.ndarray]]) -> str:
    first = ["n, d, T, hidden, batch", "threads"]
    labels = [[str(size), str(n_threads)] for size, n_threads in figures]
    stack = f"{STACK} members"
    medians, ratios = [], []
    for label, values in zip(labels, figures.values(), strict=True):
        known = {name: f"{np.median(values[name]):.0f}" for name in values}
        medians.append([*label, *(known.get(n, "") for n in ("ours", *PEERS, "stack"))])
        cells = [f"{median_ratio(values['ours'], values[name]):.2f}" for name in PEERS]
        if "stack" in values:
            cells.append(f"{median_ratio(values['stack'], values['ours']):.2f}")
        else:
            cells.append("")
        ratios.append([*label, *cells])
    return (
        markdown([*first, "ours", *PEERS, stack], medians)
        + "\n\nTime of ours divided by that of each peer, and of the stack by ours:\n\n"
        + markdown([*first, *PEERS, f"{stack} / one"], ratios)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--shorten", type=int, default=1, help="divides the epochs")
    arguments = parser.parse_args()
    figures = {}
    for n_threads in THREADS:
        for size in SIZES:
            values = in_child(
                measure, size, arguments.rounds, arguments.shorten, threads=n_threads
            )
            medians = {name: round(float(np.median(v))) for name, v in values.items()}
            print(f"{size}, {n_threads} thread(s): {medians}", flush=True)
            figures[size, n_threads] = values
    table = as_markdown(figures)
    note = (
        f"Microseconds a step, medians of {arguments.rounds} rounds; ratios are "
        "medians of the ratios within a round. "
        f"{machine(threads='1 and 2')}"
    )
    write_section("Training step", f"{table}\n\n{note}")
    print(table)


if __name__ == "__main__":
    main()
