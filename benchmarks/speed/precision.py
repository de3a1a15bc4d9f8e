"""Microseconds of a training step by number format of its products and by device.

From which size of a step on do products in bfloat16 gain more than rounding takes, and
from which on is an accelerator quicker than the processor? Steps of fits at the
defaults of encoding and members are timed; formats and devices in turn.
"""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import torch

from benchmarks.benchmark import Benchmark, Case, Plan, Run
from benchmarks.report import table
from benchmarks.timing import Stopwatch, in_turns, quartiles
from sklearn_mtl import MultiTaskNetRegressor

FEATURES, TASKS, STEPS, EPOCHS = 20, 4, 12, 5
SIZES = {
    f"{units}x2, {batch}": (units, batch)
    for units, batch in (
        (64, 64),
        (128, 128),
        (128, 512),
        (256, 64),
        (256, 256),
        (256, 1024),
        (1024, 512),
        (1024, 4096),
    )
}
"""Units of two hidden layers, and rows of a batch."""
MOST_ON_A_PROCESSOR = 256 * 1024
"""Units times rows; larger steps take seconds there."""
FORMATS = ("float32", "bfloat16")


def devices() -> list[str]:
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    return ["cpu"] if accelerator is None else ["cpu", accelerator.type]


def cases(plan: Plan) -> list[Case]:
    return [{"size": name} for name in SIZES]


def step_microseconds(plan: Plan, size: str, device: str, precision: str) -> float:
    """Time the steps of a fit; the losses that an epoch reads wait for the device."""
    units, batch = SIZES[size]
    n_steps = plan.fewer(STEPS)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(batch * n_steps, FEATURES))
    y = np.tanh(X @ rng.normal(size=(FEATURES, TASKS)))
    watch = Stopwatch()
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(units, units),
        batch_size=batch,
        n_members=8,
        max_iter=plan.fewer(EPOCHS),
        early_stopping=False,
        random_state=0,
        device=device,
        precision=precision,
        callbacks=[watch],
    )
    watch.time(lambda: net.fit(X, y))
    return 1e6 * watch.epoch / n_steps


def rivals(plan: Plan, size: str) -> dict[str, Callable[[], float]]:
    def timed(device: str, precision: str) -> Callable[[], float]:
        return lambda: step_microseconds(plan, size, device, precision)

    return {
        f"{device} {precision}": timed(device, precision)
        for device in devices()
        for precision in FORMATS
        if device != "cpu" or prod(SIZES[size]) <= MOST_ON_A_PROCESSOR
    }


def measure(plan: Plan, size: str) -> dict[str, Any]:
    return in_turns(rivals(plan, size), plan.rounds)


def as_table(runs: list[Run]) -> list[str]:
    timed = {name for run in runs for name in run if name.endswith(" float32")}
    names = sorted((name.split()[0] for name in timed), key=lambda name: name != "cpu")
    rows = [[run["size"], *_cells(run, names)] for run in runs]
    header = ["hidden, batch"]
    for name in names:
        header += [f"{name} float32", f"{name} bfloat16 / float32"]
        header += [] if name == "cpu" else [f"{name} / cpu"]
    return [
        table(header, rows),
        "Microseconds a step, medians of rounds; ratios are medians of the ratios "
        "within a round, with their quartiles.",
    ]


def _cells(run: Run, names: list[str]) -> list[str]:
    cells = []
    for name in names:
        full, short = (run.get(f"{name} {precision}") for precision in FORMATS)
        cells.append("" if full is None else f"{np.median(full):.0f}")
        cells.append("" if full is None else quartiles(short, full))
        if name != "cpu":
            on_cpu = run.get("cpu float32")
            known = full is not None and on_cpu is not None
            cells.append(quartiles(full, on_cpu) if known else "")
    return cells


BENCHMARK = Benchmark(
    "Precision and devices", cases, measure, as_table, rounds=5, threads=2
)
