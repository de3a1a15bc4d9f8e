"""How the time and memory of a fit grow with columns of y, kinds of them, and rows.

Does a step with a thousand columns cost more than its arithmetic, do columns of several
kinds cost more than columns of one, is time linear in rows, how much memory does a fit
take beyond its input, and how much of a fit is encoding? Every measurement has a fresh
process with one thread; rivals are timed in turn. An epoch is the median one of a fit.

    python benchmarks/bench_scaling.py [--rounds 3] [--largest 3000000]
"""

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from report import machine, write_section
from tables import data_folder, is_number, load
from timing import (
    MILLION_BYTES,
    Stopwatch,
    in_child,
    in_turns,
    markdown,
    median_ratio,
    peak_above,
    seconds,
)

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.tables import FeatureEncoder

HIDDEN = (256, 256)
FEATURES = 20
KINDS = ("regression", "binary", "multiclass", "count", "laplace")
WIDE_TABLES = ("ml_delicious", "school")
CENSUS = "census_kdd"
ROWS = (1_000, 10_000, 100_000, 1_000_000, 3_000_000)


def net(epochs: int, **settings: Any) -> MultiTaskNetEstimator:
    """Make one net that trains for all epochs, with early stopping on."""
    return MultiTaskNetEstimator(
        **{"n_members": 1, "device": "cpu", "random_state": 0} | settings,
        max_iter=epochs,
        n_iter_no_change=epochs + 1,
    )


def watched(model: MultiTaskNetEstimator, X: Any, y: Any) -> Stopwatch:
    watch = Stopwatch()
    watch.time(lambda: model.set_params(callbacks=[watch]).fit(X, y))
    return watch


def epoch_seconds(model: MultiTaskNetEstimator, X: Any, y: Any) -> float:
    return watched(model, X, y).epoch


# -- columns of y ---------------------------------------------------------------


def made_columns(n_columns: int, kinds: tuple[str, ...]) -> tuple[Any, Any, list[str]]:
    """2000 rows; kinds in equal shares, four classes in a column of "multiclass"."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, FEATURES)).astype(np.float32)
    signal = X @ rng.normal(size=(FEATURES, n_columns)) / np.sqrt(FEATURES)
    signal += 0.3 * rng.normal(size=signal.shape)
    kind_of_column = [kinds[j * len(kinds) // n_columns] for j in range(n_columns)]
    made = {
        "regression": lambda z: z,
        "laplace": lambda z: z,
        "binary": lambda z: z > 0,
        "multiclass": lambda z: np.digitize(z, (-1, 0, 1)),
        "count": lambda z: rng.poisson(np.exp(z)),
    }
    y = [made[kind](signal[:, j]) for j, kind in enumerate(kind_of_column)]
    return X, np.column_stack(y).astype(np.float64), kind_of_column


def multiply_adds(n_columns: int, head: tuple[int, ...]) -> int:
    """Count the weights of the network, each used once a row."""
    trunk = sum(a * b for a, b in pairwise((FEATURES, *HIDDEN)))
    return trunk + n_columns * sum(a * b for a, b in pairwise((HIDDEN[-1], *head, 1)))


def columns_in_turns(
    settings: dict[str, tuple[int, tuple[str, ...], tuple[int, ...]]],
    n_rounds: int,
    epochs: int,
) -> dict[str, np.ndarray]:
    """Seconds of an epoch; settings are columns, kinds and head layers."""
    rivals = {}
    for name, (n_columns, kinds, head) in settings.items():
        X, y, kind_of_column = made_columns(n_columns, kinds)
        model = net(
            epochs,
            hidden_layer_sizes=HIDDEN,
            head_hidden_layer_sizes=head,
            task_types=kind_of_column,
            batch_size=64,
            n_bins=0,
            dropout=0.0,
        )
        rivals[name] = partial(epoch_seconds, model, X, y)
    return in_turns(rivals, n_rounds)


def columns_table(n_rounds: int, epochs: int) -> str:
    one = ("regression",)
    comparisons = {
        "1000 columns against 1": ((1000, one, ()), (1, one, ())),
        "100 columns against 1, private heads of 32": (
            (100, one, (32,)),
            (1, one, (32,)),
        ),
        "100 columns of 5 kinds against 1 kind": ((100, KINDS, ()), (100, one, ())),
    }
    rows = []
    for name, (many, few) in comparisons.items():
        times = in_child(columns_in_turns, {"many": many, "few": few}, n_rounds, epochs)
        ratio = median_ratio(times["many"], times["few"])
        work = multiply_adds(many[0], many[2]) / multiply_adds(few[0], few[2])
        rows.append(
            [
                name,
                f"{1e3 * np.median(times['many']):.1f}",
                f"{1e3 * np.median(times['few']):.1f}",
                f"{ratio:.2f}",
                f"{work:.2f}",
                f"{ratio / work:.2f}",
            ]
        )
        print(*rows[-1], flush=True)
    header = ["epochs, ms", "many", "few", "ratio", "of multiply-adds", "ratio / that"]
    return markdown(header, rows)


# -- real tables ------------------------------------------------------------------


def split_of_fit(name: str, epochs: int) -> dict[str, float]:
    """Fit a table of `SKLEARN_MTL_DATA` at the defaults but for one member."""
    X, y = load(name)
    kinds = {column: "regression" for column in y if is_number(y[column])}
    model = net(epochs, task_types=kinds)
    watch = watched(model, X, y)
    return {
        "rows": len(X),
        "columns": y.shape[1],
        "encoding": watch.encoding,
        "epoch": watch.epoch,
        "after": watch.after,
    }


def census(epochs: int) -> dict[str, float]:
    """Split the fit of a large frame at the defaults, and time its encoder alone."""
    X, y = load(CENSUS)
    weight = np.ones(len(X))
    encoder = seconds(lambda: FeatureEncoder().fit(X, weight).transform_to_places(X))
    watch = watched(net(epochs, n_members="auto"), X, y)
    return {
        "rows": len(X),
        "columns": y.shape[1],
        "features": encoder,
        "encoding": watch.encoding,
        "epoch": watch.epoch,
        "after": watch.after,
    }


def tables_table(epochs: int) -> str:
    folder = data_folder()
    rows = []
    for name in (*WIDE_TABLES, CENSUS):
        if folder is None or not list(folder.glob(f"{name}.*")):
            print(f"{name} is skipped: SKLEARN_MTL_DATA names no folder that has it.")
            continue
        if name == CENSUS:
            found = in_child(census, min(epochs, 2))
        else:
            found = in_child(split_of_fit, name, epochs)
        rows.append(
            [
                name,
                f"{found['rows']:.0f}",
                f"{found['columns']:.0f}",
                f"{found['encoding']:.2f}",
                f"{found['features']:.2f}" if "features" in found else "",
                f"{found['epoch']:.3f}",
                f"{found['encoding'] / found['epoch']:.2f}",
                f"{found['after']:.2f}",
            ]
        )
        print(*rows[-1], flush=True)
    header = [
        "seconds",
        "rows",
        "columns",
        "encoding",
        "X alone",
        "epoch",
        "encoding / epoch",
        "after",
    ]
    return markdown(header, rows) if rows else "No tables: SKLEARN_MTL_DATA is not set."


# -- rows ---------------------------------------------------------------------------


def made_rows(n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, FEATURES), dtype=np.float32)
    y = X[:, :4] + 0.3 * rng.standard_normal((n_rows, 4), dtype=np.float32)
    return X, y


def one_epoch(X: Any, y: Any) -> Callable[[], Any]:
    model = net(1, hidden_layer_sizes=HIDDEN, task_types="regression", batch_size=256)
    return lambda: model.fit(X, y)


def rows_seconds(n_rows: int) -> tuple[float, float]:
    """Seconds of a fit of one epoch: all of them, and those outside the epoch."""
    X, y = made_rows(n_rows)
    one_epoch(X[:1000], y[:1000])()
    model = net(1, hidden_layer_sizes=HIDDEN, task_types="regression", batch_size=256)
    watch = watched(model, X, y)
    outside = watch.encoding + watch.after
    return outside + watch.epoch, outside


def rows_memory(n_rows: int, folder: str | None) -> tuple[float, float, float]:
    """Bytes of X and y, of the peak above them, and of mapped pages in that peak."""
    X, y = made_rows(n_rows)
    if folder is not None:
        X = np.load(Path(folder) / "X.npy", mmap_mode="r")
    one_epoch(X[:1000], y[:1000])()
    return X.nbytes + y.nbytes, *peak_above(one_epoch(X, y))


def save_rows(n_rows: int, folder: str) -> None:
    np.save(Path(folder) / "X.npy", made_rows(n_rows)[0])


def rows_tables(largest: int) -> str:
    sizes = [n_rows for n_rows in ROWS if n_rows <= largest]
    rows = []
    for n_rows in sizes:
        total, outside = in_child(rows_seconds, n_rows)
        millions = n_rows / 1e6
        rows.append(
            [
                f"{n_rows}",
                f"{total:.2f}",
                f"{total / millions:.2f}",
                f"{outside / millions:.2f}",
            ]
        )
        print(*rows[-1], flush=True)
    times = markdown(["rows", "s", "s a million rows", "of which no epoch"], rows)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        in_child(save_rows, sizes[-1], folder)
        for name, where in (("array", None), ("memory-mapped", folder)):
            held, peak, of_files = in_child(rows_memory, sizes[-1], where)
            rows.append(
                [
                    f"{sizes[-1]} rows, X {name}",
                    f"{held / MILLION_BYTES:.0f}",
                    f"{peak / MILLION_BYTES:.0f}",
                    f"{peak / held:.2f}",
                    f"{of_files / MILLION_BYTES:.0f}",
                ]
            )
            print(*rows[-1], flush=True)
    header = ["MB", "X and y", "peak above them", "in their size", "pages of files"]
    return f"{times}\n\n{markdown(header, rows)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--largest", type=int, default=ROWS[-1])
    arguments = parser.parse_args()
    tables = [
        columns_table(arguments.rounds, arguments.epochs),
        tables_table(arguments.epochs),
        rows_tables(arguments.largest),
    ]
    note = (
        f"Columns: 2000 rows of {FEATURES} features, hidden 256x2, batch 64; medians "
        f"of {arguments.rounds} rounds. Tables: encoding is all of a fit before the "
        "first epoch, the part of X alone timed apart; after is all behind the last "
        f"epoch. Rows: {FEATURES} float32 features, 4 columns, hidden 256x2, batch 256,"
        " one epoch. One member, early stopping on. Peaks are of resident memory; "
        "pages of a mapped file count in them while the system needs no memory. "
        f"{machine(threads='1')}"
    )
    text = "\n\n".join([*tables, note])
    write_section("Scaling", text)
    print(text)


if __name__ == "__main__":
    main()
