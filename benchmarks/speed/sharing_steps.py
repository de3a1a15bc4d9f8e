"""What a training step costs by the way of sharing, beside its multiply-adds.

Does a step take longer than "hard" sharing by more than its products are more? Whole
fits of one thread are timed in turn, by the time of the processor, which other programs
disturb less than the time on the clock. Products are counted by torch.
"""

import time
from functools import partial

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.benchmark import Benchmark, Case, Plan, Run, combined
from benchmarks.report import table
from benchmarks.timing import in_turns, median_ratio
from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.nn import SHARING, MultiTaskNetwork

ROWS, FEATURES, TASKS, BATCH, MEMBERS = 1000, 16, 8, 64, 8
SIZES = {"64x1": (64,), "64x2": (64, 64), "256x1": (256,), "256x2": (256, 256)}
OPERATIONS = 3e10
"""Of a fit, as far as that has two to ten epochs."""


def cases(plan: Plan) -> list[Case]:
    return combined(size=SIZES)


def operations(way: str, size: str) -> float:
    """Count floating-point operations of the products of one row."""
    network = MultiTaskNetwork(
        n_members=1,
        n_features=FEATURES,
        task_of_output=np.arange(TASKS),
        prior_raw=np.zeros(TASKS),
        hidden_layer_sizes=SIZES[size],
        sharing=SHARING[way](),
        generator=torch.Generator().manual_seed(0),
    )
    counter = FlopCounterMode(display=False)
    with counter:
        network(torch.ones(1, FEATURES)).sum().backward()
    return float(counter.get_total_flops())


def microseconds(plan: Plan, way: str, size: str) -> float:
    """Time one fit by the processor, divided by its steps."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(plan.fewer(ROWS), FEATURES))
    y = np.tanh(X @ rng.normal(size=(FEATURES, TASKS)))
    of_epoch = operations(way, size) * ROWS * MEMBERS
    epochs = plan.fewer(int(np.clip(OPERATIONS / of_epoch, 2, 10)))
    net = MultiTaskNetRegressor(
        sharing=way,
        hidden_layer_sizes=SIZES[size],
        n_members=MEMBERS,
        n_bins=0,
        dropout=0.0,
        batch_size=BATCH,
        max_iter=epochs,
        early_stopping=False,
        tol=0.0,
        own_nets="never",
        random_state=0,
        device="cpu",
    )
    begin = time.process_time()
    net.fit(X, y)
    steps = sum(net.net_.history[:, "train_batch_count"])
    return 1e6 * (time.process_time() - begin) / steps


def measure(plan: Plan, size: str) -> dict[str, list[float]]:
    rivals = {way: partial(microseconds, plan, way, size) for way in SHARING}
    return in_turns(rivals, plan.rounds)


def as_table(runs: list[Run]) -> list[str]:
    rows = []
    for run in runs:
        for way in (name for name in SHARING if name in run):
            ratio = median_ratio(run[way], run["hard"])
            products = operations(way, run["size"]) / operations("hard", run["size"])
            row = [run["size"], way, f"{np.median(run[way]):.0f}", f"{ratio:.2f}"]
            rows.append([*row, f"{products:.2f}", f"{ratio / products:.2f}"])
    header = [
        "hidden",
        "sharing",
        "µs a step",
        "to hard",
        "products",
        "time / products",
    ]
    return [
        table(header, rows, text=2),
        f"Microseconds of the processor a step, {MEMBERS} members, {TASKS} columns, "
        f"{BATCH} rows; ratios to hard sharing are medians of the ratios within a "
        "round.",
    ]


BENCHMARK = Benchmark(
    "Steps by way of sharing", cases, measure, as_table, 5, timed=True
)
