"""MNIST as four tasks with few labels: alone, shared, and with all images unlabelled.

The digit, its parity, its number of loops and the thickness of its stroke. Three nets
of one architecture learn from 100 to 10,000 labelled images: a net a task, a net that
all tasks share, and that net with units of no task and a decoder, which also reads all
60,000 training images without their labels. Errors are those of the 10,000 test images.
"""

from functools import cache
from time import perf_counter
from typing import Any

import numpy as np
from scipy.ndimage import distance_transform_edt

from benchmarks.benchmark import Benchmark, Case, Plan, Run, combined
from benchmarks.data import mnist
from benchmarks.report import figure_link, n_seeds, table
from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.nn import Autoencoder

TASKS = ("digit", "parity", "loops", "thickness")
KINDS = ["multiclass", "binary", "multiclass", "regression"]
LOOPS = np.array([1, 0, 0, 0, 1, 0, 1, 0, 2, 1])
N_LABELS = (100, 300, 1000, 10_000)
SETTINGS: dict[str, Any] = {
    "hidden_layer_sizes": (128, 64),
    "n_members": 2,
    "early_stopping": False,
    "dropout": 0.5,
    "input_dropout": 0.2,
    "n_bins": 0,
    "scale_inputs": False,
    "own_nets": "never",
}
DECODER = {"reconstruction": Autoencoder(n_units=32, noise=0.3), "max_iter": 12}
"""Twelve epochs are twelve passes over 60,000 images, 2,820 steps."""
NETS = ("single", "shared", "semi-supervised")


def epochs(n_labels: int) -> int:
    """Say how often to read labelled images alone; none are held out to stop on."""
    return int(np.clip(100_000 // n_labels, 30, 200))


@cache
def images(every: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels, the four tasks, and which images are for training."""
    pixels, digit, is_train = mnist(every)
    return pixels, tasks_of(pixels, digit).astype(float), is_train


def thickness(images: np.ndarray) -> np.ndarray:
    """Mean width of the strokes in pixels, from how far ink lies from its edge.

    Across a stroke of width w that distance is w / 4 in the mean.
    """
    ink = images.reshape(-1, 28, 28) > 0.5
    depth = [distance_transform_edt(one)[one].mean() - 0.5 for one in ink]
    return 4 * np.array(depth)


def tasks_of(images: np.ndarray, digit: np.ndarray) -> np.ndarray:
    return np.column_stack([digit, digit % 2, LOOPS[digit], thickness(images)])


def balanced_rows(digit: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw as many images of each digit."""
    parts = [rng.permutation(np.flatnonzero(digit == c))[: n // 10] for c in range(10)]
    return np.sort(np.concatenate(parts))


def fit(
    net: str, X: np.ndarray, y: np.ndarray, rows: np.ndarray, settings: dict[str, Any]
) -> list[MultiTaskNetEstimator]:
    """Fitted nets, one a task or one for all."""
    if net == "single":
        return [
            MultiTaskNetEstimator(**settings, task_types=[kind]).fit(
                X[rows], y[rows, t : t + 1]
            )
            for t, kind in enumerate(KINDS)
        ]
    model = MultiTaskNetEstimator(**settings, task_types=KINDS)
    if net == "shared":
        return [model.fit(X[rows], y[rows])]
    known = np.full_like(y, np.nan)
    known[rows] = y[rows]
    return [model.fit(X, known)]


def errors(fitted: list, X: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Share of wrong classes, and 1 - R2 of the thickness."""
    predicted = np.hstack([net.predict(X) for net in fitted])
    found = {
        name: float((predicted[:, t] != y[:, t]).mean())
        for t, name in enumerate(TASKS[:3])
    }
    residual = np.mean((predicted[:, 3] - y[:, 3]) ** 2)
    return found | {TASKS[3]: float(residual / y[:, 3].var())}


def cases(plan: Plan) -> list[Case]:
    return combined(seed=range(plan.rounds), labels=N_LABELS, net=NETS)


def measure(plan: Plan, labels: int, net: str, seed: int) -> dict[str, Any]:
    X, y, is_train = images(plan.shorten)
    rng = np.random.default_rng(1000 * seed + labels)
    rows = balanced_rows(y[is_train, 0].astype(int), labels, rng)
    settings = SETTINGS | {"random_state": seed, "max_iter": epochs(len(rows))}
    settings |= DECODER if net == "semi-supervised" else {}
    settings["max_iter"] = plan.fewer(settings["max_iter"])
    start = perf_counter()
    fitted = fit(net, X[is_train], y[is_train], rows, settings)
    return {
        "seconds": perf_counter() - start,
        "epochs": [one.n_iter_ for one in fitted],
        "error": errors(fitted, X[~is_train], y[~is_train]),
    }


def of(runs: list[Run], labels: int, net: str) -> list[Run]:
    return [run for run in runs if run["labels"] == labels and run["net"] == net]


def as_table(runs: list[Run]) -> list[str]:
    rows = []
    for n in N_LABELS:
        for net in NETS:
            chosen = of(runs, n, net)
            if not chosen:
                continue
            cells = []
            for task in TASKS:
                values = 100 * np.array([run["error"][task] for run in chosen])
                cells.append(f"{values.mean():.1f} % ({values.std(ddof=1):.1f})")
            seconds = np.median([run["seconds"] for run in chosen])
            rows.append([f"{n:,}", net, *cells, f"{seconds:.0f}"])
    return [
        table(["labels", "net", *TASKS, "median seconds"], rows, text=2),
        f"Mean of {n_seeds(runs)} draws (standard deviation in brackets).",
        figure_link("mnist_tasks", "Errors by number of labels"),
    ]


BENCHMARK = Benchmark(
    "MNIST as several tasks",
    cases,
    measure,
    as_table,
    rounds=5,
    needs=lambda case: "mnist",
)
