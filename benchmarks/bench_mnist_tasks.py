"""MNIST as four tasks with few labels: alone, shared, and with all images unlabelled.

The digit, its parity, its number of loops and the thickness of its stroke. Three nets
of one architecture learn from 100 to 10,000 labelled images: a net a task, a net that
all tasks share, and that net with units of no task and a decoder, which also reads all
60,000 training images without their labels. Errors are those of the 10,000 test images.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from time import perf_counter
from typing import Any

import matplotlib
import numpy as np
from report import machine, write_section
from scipy.ndimage import distance_transform_edt
from tables import mnist

from sklearn_mtl import MultiTaskNetEstimator

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import LogLocator, NullLocator

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "mnist_tasks.json"
FIGURE = HERE.parent / "docs" / "figures" / "mnist_tasks.png"
TASKS = ("digit", "parity", "loops", "thickness")
KINDS = ["multiclass", "binary", "multiclass", "regression"]
LOOPS = np.array([1, 0, 0, 0, 1, 0, 1, 0, 2, 1])
N_LABELS = (100, 300, 1000, 10_000)
N_SEEDS = 5
SETTINGS: dict[str, Any] = {
    "hidden_layer_sizes": (128, 64),
    "n_members": 2,
    "early_stopping": False,
    "dropout": 0.5,
    "input_dropout": 0.2,
    "n_bins": 0,
    "scale_inputs": False,
    "sharing": "hard",
}
DECODER = {"n_unsupervised_units": 32, "input_noise": 0.3, "max_iter": 12}
"""Twelve epochs are twelve passes over 60,000 images, 2,820 steps."""


def epochs(n_labels: int) -> int:
    """Say how often to read labelled images alone; none are held out to stop on."""
    return int(np.clip(100_000 // n_labels, 30, 200))


NETS = ("single", "shared", "semi-supervised")
LABELS = {
    "single": "one net a task",
    "shared": "one net for all tasks",
    "semi-supervised": "one net for all tasks, h(3), 60,000 images unlabelled",
}
COLORS = {"single": "#E69F00", "shared": "#0072B2", "semi-supervised": "#009E73"}
MARKERS = {"single": "s", "shared": "o", "semi-supervised": "^"}


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


def fit(net: str, X: np.ndarray, y: np.ndarray, rows: np.ndarray, seed: int) -> list:
    """Fitted nets, one a task or one for all."""
    settings = SETTINGS | {"random_state": seed, "max_iter": epochs(len(rows))}
    if net == "single":
        return [
            MultiTaskNetEstimator(**settings, task_types=[kind]).fit(
                X[rows], y[rows, t : t + 1]
            )
            for t, kind in enumerate(KINDS)
        ]
    if net == "shared":
        shared = MultiTaskNetEstimator(**settings, task_types=KINDS)
        return [shared.fit(X[rows], y[rows])]
    known = np.full_like(y, np.nan)
    known[rows] = y[rows]
    semi = MultiTaskNetEstimator(**settings | DECODER, task_types=KINDS)
    return [semi.fit(X, known)]


def errors(fitted: list, X: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Share of wrong classes, and 1 - R2 of the thickness."""
    predicted = np.hstack([net.predict(X) for net in fitted])
    found = {
        name: float((predicted[:, t] != y[:, t]).mean())
        for t, name in enumerate(TASKS[:3])
    }
    residual = np.mean((predicted[:, 3] - y[:, 3]) ** 2)
    return found | {TASKS[3]: float(residual / y[:, 3].var())}


def measure(known: list[dict]) -> list[dict]:
    images, digit, is_train = mnist()
    labels = tasks_of(images, digit).astype(float)
    X, X_test = images[is_train], images[~is_train]
    y, y_test = labels[is_train], labels[~is_train]
    done = {(r["labels"], r["net"], r["seed"]) for r in known}
    for seed in range(N_SEEDS):
        for n in N_LABELS:
            rng = np.random.default_rng(1000 * seed + n)
            rows = balanced_rows(y[:, 0].astype(int), n, rng)
            for net in NETS:
                if (n, net, seed) in done:
                    continue
                start = perf_counter()
                fitted = fit(net, X, y, rows, seed)
                seconds = perf_counter() - start
                known.append(
                    {
                        "labels": n,
                        "net": net,
                        "seed": seed,
                        "seconds": seconds,
                        "epochs": [one.n_iter_ for one in fitted],
                        "error": errors(fitted, X_test, y_test),
                    }
                )
                print(n, net, seed, known[-1]["error"], f"{seconds:.0f} s", flush=True)
                RESULTS.write_text(json.dumps(known, indent=1) + "\n")
    return known


def draw(results: list[dict]) -> None:
    figure, axes = plt.subplots(2, 2, figsize=(7.2, 5.6), sharex=True)
    for ax, task in zip(axes.flat, TASKS, strict=True):
        for net in NETS:
            mean, low, high = np.array(
                [_summary(_of(results, n, net, task)) for n in N_LABELS]
            ).T
            ax.fill_between(
                N_LABELS, low, high, color=COLORS[net], alpha=0.2, linewidth=0
            )
            ax.plot(
                N_LABELS,
                mean,
                color=COLORS[net],
                marker=MARKERS[net],
                label=LABELS[net],
            )
        ax.set(xscale="log", yscale="log", title=task)
        ax.set_xticks(N_LABELS, [f"{n:,}" for n in N_LABELS])
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5, 7)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.tick_params(labelsize=8)
        ax.yaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_minor_locator(NullLocator())
        ax.grid(alpha=0.3)
    figure.supxlabel("labelled images", fontsize=10)
    figure.supylabel("test error (thickness: 1 - R²)", fontsize=10)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="upper center", fontsize=8, frameon=False, ncols=1
    )
    figure.tight_layout(rect=(0, 0, 1, 0.89))
    FIGURE.parent.mkdir(exist_ok=True)
    figure.savefig(FIGURE, dpi=110)


def _of(results: list[dict], n: int, net: str, task: str) -> list[float]:
    return [r["error"][task] for r in results if r["labels"] == n and r["net"] == net]


def _summary(values: list[float]) -> tuple[float, float, float]:
    return float(np.mean(values)), min(values), max(values)


def report(results: list[dict]) -> str:
    n_seeds = len({r["seed"] for r in results})
    lines = [
        f"Test errors, mean of {n_seeds} draws of the labelled images (standard "
        "deviation in brackets): shares of wrong classes, and 1 - R² of the thickness. "
        "Hidden layers of 128 and 64 units, two members, no early stopping, the same "
        "settings for all nets; the third has units of no task and a decoder besides.",
        "",
        "| labels | net | " + " | ".join(TASKS) + " | median seconds |",
        "|--:|---|" + "--:|" * (len(TASKS) + 1),
    ]
    for n in N_LABELS:
        for net in NETS:
            cells = []
            for task in TASKS:
                values = 100 * np.array(_of(results, n, net, task))
                cells.append(f"{values.mean():.1f} % ({values.std(ddof=1):.1f})")
            seconds = np.median(
                [r["seconds"] for r in results if r["labels"] == n and r["net"] == net]
            )
            lines.append(
                f"| {n:,} | {net} | " + " | ".join(cells) + f" | {seconds:.0f} |"
            )
    lines += ["", f"![Errors by number of labels](figures/{FIGURE.name})", ""]
    return "\n".join([*lines, machine()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resume", action="store_true", help="keep earlier results")
    resume = parser.parse_args().resume and RESULTS.exists()
    results = measure(json.loads(RESULTS.read_text()) if resume else [])
    draw(results)
    write_section("MNIST as several tasks", report(results))


if __name__ == "__main__":
    main()
