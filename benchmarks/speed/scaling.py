"""How the time and memory of a fit grow with columns of y, kinds of them, and rows.

Does a step with a thousand columns cost more than its arithmetic, do columns of several
kinds cost more than columns of one, is time linear in rows, how much memory does a fit
take beyond its input, and how much of a fit is encoding? Every measurement has a fresh
process with one thread; rivals are timed in turn. An epoch is the median one of a fit.
"""

import tempfile
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import data
from benchmarks.benchmark import Benchmark, Plan, Run
from benchmarks.parts import Part, Parts
from benchmarks.report import table
from benchmarks.timing import (
    MILLION_BYTES,
    Stopwatch,
    in_turns,
    median_ratio,
    peak_above,
    seconds,
)
from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.tables import FeatureEncoder

HIDDEN = (256, 256)
FEATURES = 20
EPOCHS = 5
ONE_KIND = ("regression",)
FIVE_KINDS = ("regression", "binary", "multiclass", "count", "laplace")
CENSUS = "census_kdd"
TABLES = ("ml_delicious", "school", CENSUS)
ROWS = (1_000, 10_000, 100_000, 1_000_000, 3_000_000)


class Columns(NamedTuple):
    """A y, and the heads of its columns."""

    n: int
    kinds: tuple[str, ...] = ONE_KIND
    head: tuple[int, ...] = ()


COMPARISONS = {
    "1000 columns against 1": (Columns(1000), Columns(1)),
    "100 columns against 1, private heads of 32": (
        Columns(100, head=(32,)),
        Columns(1, head=(32,)),
    ),
    "100 columns of 5 kinds against 1 kind": (Columns(100, FIVE_KINDS), Columns(100)),
}


def net(epochs: int, **settings: Any) -> MultiTaskNetEstimator:
    """Make one net that trains for all epochs, with early stopping on."""
    return MultiTaskNetEstimator(
        **{"n_members": 1, "device": "cpu", "random_state": 0} | settings,
        max_iter=epochs,
        n_iter_no_change=2 * epochs + 1,
    )


def watched(model: MultiTaskNetEstimator, X: Any, y: Any) -> Stopwatch:
    watch = Stopwatch()
    watch.time(lambda: model.set_params(callbacks=[watch]).fit(X, y))
    return watch


def made_columns(columns: Columns) -> tuple[Any, Any, list[str]]:
    """2000 rows; kinds in equal shares, four classes in a column of "multiclass"."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, FEATURES)).astype(np.float32)
    signal = X @ rng.normal(size=(FEATURES, columns.n)) / np.sqrt(FEATURES)
    signal += 0.3 * rng.normal(size=signal.shape)
    n, kinds = columns.n, columns.kinds
    kind_of_column = [kinds[j * len(kinds) // n] for j in range(n)]
    made = {
        "regression": lambda z: z,
        "laplace": lambda z: z,
        "binary": lambda z: z > 0,
        "multiclass": lambda z: np.digitize(z, (-1, 0, 1)),
        "count": lambda z: rng.poisson(np.exp(z)),
    }
    y = [made[kind](signal[:, j]) for j, kind in enumerate(kind_of_column)]
    return X, np.column_stack(y).astype(np.float64), kind_of_column


def epoch_seconds(columns: Columns, epochs: int) -> Callable[[], float]:
    X, y, kind_of_column = made_columns(columns)
    model = net(
        epochs,
        hidden_layer_sizes=HIDDEN,
        head_hidden_layer_sizes=columns.head,
        task_types=kind_of_column,
        batch_size=64,
        n_bins=0,
        dropout=0.0,
    )
    return lambda: watched(model, X, y).epoch


def many_and_few(plan: Plan, columns: str) -> dict[str, list[float]]:
    many, few = COMPARISONS[columns]
    epochs = plan.fewer(EPOCHS)
    rivals = {"many": epoch_seconds(many, epochs), "few": epoch_seconds(few, epochs)}
    return in_turns(rivals, plan.rounds)


def multiply_adds(columns: Columns) -> int:
    """Count the weights of the network, each used once a row."""
    trunk = sum(a * b for a, b in pairwise((FEATURES, *HIDDEN)))
    head = sum(a * b for a, b in pairwise((HIDDEN[-1], *columns.head, 1)))
    return trunk + columns.n * head


def columns_table(runs: list[Run]) -> str:
    rows = []
    for run in runs:
        many, few = COMPARISONS[run["columns"]]
        ratio = median_ratio(run["many"], run["few"])
        work = multiply_adds(many) / multiply_adds(few)
        times = (1e3 * np.median(run[name]) for name in ("many", "few"))
        figures = [f"{ratio:.2f}", f"{work:.2f}", f"{ratio / work:.2f}"]
        rows.append([run["columns"], *(f"{time:.1f}" for time in times), *figures])
    header = ["epochs, ms", "many", "few", "ratio", "of multiply-adds", "ratio / that"]
    return table(header, rows)


def parts_of_fit(plan: Plan, table: str) -> dict[str, Any]:
    """Fit a table at the defaults, but for one member where its columns are many."""
    X, y = data.load(table, every=plan.shorten)
    figures = {}
    if table != CENSUS:
        model = net(plan.fewer(EPOCHS), task_types=data.kinds(y))
    else:
        model = net(min(plan.fewer(EPOCHS), 2), n_members="auto")
        if plan.peers:
            figures["features"] = [seconds(partial(encode, X))]
    watch = watched(model, X, y)
    figures |= {name: [getattr(watch, name)] for name in ("encoding", "epoch", "after")}
    return {"n_rows": len(X), "n_columns": y.shape[1]} | figures


def encode(X: Any) -> None:
    """Encode X by itself, which reaches into rooms that another checkout may lack."""
    FeatureEncoder().fit(X, np.ones(len(X))).transform_compact(X)


def tables_table(runs: list[Run]) -> str:
    rows = []
    for run in runs:
        encoding, epoch, after = (run[n][0] for n in ("encoding", "epoch", "after"))
        features = f"{run['features'][0]:.2f}" if "features" in run else ""
        figures = [f"{encoding:.2f}", features, f"{epoch:.3f}"]
        figures += [f"{encoding / epoch:.2f}", f"{after:.2f}"]
        rows.append([run["table"], str(run["n_rows"]), str(run["n_columns"]), *figures])
    header = ["seconds", "rows", "columns", "encoding", "X alone", "epoch"]
    return table([*header, "encoding / epoch", "after"], rows)


def made_rows(n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, FEATURES), dtype=np.float32)
    y = X[:, :4] + 0.3 * rng.standard_normal((n_rows, 4), dtype=np.float32)
    return X, y


def one_epoch() -> MultiTaskNetEstimator:
    return net(1, hidden_layer_sizes=HIDDEN, task_types="regression", batch_size=256)


def rows_seconds(plan: Plan, rows: int) -> dict[str, list[float]]:
    """Time a fit of one epoch: all of it, and what is outside the epoch."""
    X, y = made_rows(plan.fewer(rows))
    one_epoch().fit(X[:1000], y[:1000])
    watch = watched(one_epoch(), X, y)
    outside = watch.encoding + watch.after
    total = outside + watch.epoch
    return {"n_rows": len(X), "seconds": [total], "outside": [outside]}


def rows_table(runs: list[Run]) -> str:
    rows = []
    for run in runs:
        n_rows, total, outside = run["n_rows"], run["seconds"][0], run["outside"][0]
        figures = (total, 1e6 * total / n_rows, 1e6 * outside / n_rows)
        rows.append([str(n_rows), *(f"{figure:.2f}" for figure in figures)])
    return table(["rows", "s", "s a million rows", "of which no epoch"], rows)


def rows_memory(plan: Plan, X_is: str) -> dict[str, Any]:
    """Bytes of X and y, of the peak above them, and of mapped pages in that peak."""
    X, y = made_rows(plan.fewer(ROWS[-1]))
    with tempfile.TemporaryDirectory() as folder:
        if X_is == "memory-mapped":
            np.save(Path(folder, "X.npy"), X)
            X = np.load(Path(folder, "X.npy"), mmap_mode="r")
        one_epoch().fit(X[:1000], y[:1000])
        peak, of_files = peak_above(lambda: one_epoch().fit(X, y))
    held = X.nbytes + y.nbytes
    return {"n_rows": len(X), "held": held, "peak": [peak], "of_files": of_files}


def memory_table(runs: list[Run]) -> str:
    rows = []
    for run in runs:
        held, peak = run["held"], run["peak"][0]
        sizes = [f"{size / MILLION_BYTES:.0f}" for size in (held, peak)]
        files = f"{run['of_files'] / MILLION_BYTES:.0f}"
        name = f"{run['n_rows']} rows, X {run['X_is']}"
        rows.append([name, *sizes, f"{peak / held:.2f}", files])
    header = ["MB", "X and y", "peak above them", "in their size", "pages of files"]
    return table(header, rows)


PARTS = Parts(
    {
        "columns": Part(tuple(COMPARISONS), many_and_few, columns_table),
        "table": Part(TABLES, parts_of_fit, tables_table),
        "rows": Part(ROWS, rows_seconds, rows_table),
        "X_is": Part(("array", "memory-mapped"), rows_memory, memory_table),
    }
)


def as_table(runs: list[Run]) -> list[str]:
    rounds = max((len(run["many"]) for run in runs if "many" in run), default=0)
    return [*PARTS.tables(runs), f"Epochs in ms are medians of {rounds} rounds."]


BENCHMARK = Benchmark(
    "Scaling", PARTS.cases, PARTS.measure, as_table, rounds=3, timed=True
)
