"""Where sharing helps and where it hurts: tables from unrelated to identical tasks.

Six numbers of ten features are made by `make_multitask`: at relatedness 0 they are
uncorrelated functions, at 1 the same function with noise of its own in each column.
The same network learns all six in one, and each in a network of its own; both are
scored on 5000 fresh rows. A seed's functions and rows are the same at every
relatedness, and a smaller table is the beginning of a larger one.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from time import perf_counter

import matplotlib
import numpy as np
import pandas as pd
from report import machine, write_section

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.datasets import make_multitask
from sklearn_mtl.inspection import compare_single_task

matplotlib.use("Agg")
import matplotlib.pyplot as plt

RESULTS = Path(__file__).parent / "results" / "relatedness.json"
FIGURE = Path(__file__).parent.parent / "docs" / "figures" / "relatedness.png"
RELATEDNESS = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)
SEEDS_BY_ROWS = {50: 10, 150: 5, 500: 5, 1500: 3, 5000: 3}
N_TEST = 5000
TABLE = {"n_features": 10, "n_tasks": 6, "noise": 0.7}
NET = {"hidden_layer_sizes": (64, 64)}
MEMBERS, MEMBERS_OF_MANY, MANY = 8, 2, 500
"""Of few rows a member holds out a handful: it takes several to stop at a good time."""


def compare(n_rows: int, relatedness: float, seed: int) -> dict:
    """Skill of each task, with and without sharing, in networks of one stack."""
    X, y = make_multitask(
        max(SEEDS_BY_ROWS) + N_TEST, relatedness=relatedness, random_state=seed, **TABLE
    )
    split = np.arange(n_rows), np.arange(len(X) - N_TEST, len(X))
    net = MultiTaskNetRegressor(
        **NET,
        n_members=MEMBERS_OF_MANY if n_rows >= MANY else MEMBERS,
        random_state=seed,
    )
    start = perf_counter()
    result = compare_single_task(net, X, y, cv=[split])
    return {
        "rows": n_rows,
        "relatedness": relatedness,
        "seed": seed,
        "single": result.single.tolist(),
        "shared": result.multi.tolist(),
        "seconds": perf_counter() - start,
    }


def measure(runs: list[dict]) -> list[dict]:
    """Compare where `runs` have no result yet."""
    known = {(run["rows"], run["relatedness"], run["seed"]) for run in runs}
    for n_rows, n_seeds in SEEDS_BY_ROWS.items():
        for relatedness in RELATEDNESS:
            runs += [
                compare(n_rows, relatedness, seed)
                for seed in range(n_seeds)
                if (n_rows, relatedness, seed) not in known
            ]
        RESULTS.write_text(json.dumps(runs) + "\n")
        print(f"{n_rows} rows and fewer are done", flush=True)
    return runs


def summary(runs: list[dict]) -> pd.DataFrame:
    """One line a cell: means over tasks and seeds; the error is that over seeds."""
    table = pd.DataFrame(runs)
    skills = {name: np.stack(table[name]) for name in ("single", "shared")}
    difference = skills["shared"] - skills["single"]
    table = table.assign(
        single=skills["single"].mean(axis=1),
        shared=skills["shared"].mean(axis=1),
        gain=difference.mean(axis=1),
        ahead=(difference > 0).mean(axis=1),
    )
    cells = table.groupby(["rows", "relatedness"])
    means = cells[["single", "shared", "gain", "ahead"]].mean()
    return means.assign(error=cells["gain"].sem())


def draw(cells: pd.DataFrame) -> None:
    gain = cells["gain"].unstack("relatedness").to_numpy() * 100
    rows, relatedness = cells.index.levels
    largest = np.abs(gain).max()
    figure, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    # From brown over white to blue-green: told apart by colour-blind readers too.
    image = ax.imshow(gain, cmap="BrBG", vmin=-largest, vmax=largest, aspect="auto")
    for i, j in np.ndindex(gain.shape):
        ax.text(
            j,
            i,
            f"{gain[i, j]:+.1f}",
            ha="center",
            va="center",
            color="white" if abs(gain[i, j]) > 0.65 * largest else "black",
        )
    ax.set_xticks(range(len(relatedness)), [f"{value:g}" for value in relatedness])
    ax.set_yticks(range(len(rows)), [str(value) for value in rows])
    ax.set(
        xlabel="relatedness (0: unrelated tasks, 1: identical)",
        ylabel="training rows",
    )
    ax.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=ax, label="gain of sharing, points of R²")
    bar.outline.set_visible(False)
    FIGURE.parent.mkdir(exist_ok=True)
    figure.savefig(FIGURE, dpi=110)


def as_markdown(cells: pd.DataFrame) -> str:
    names = [f"{value:g}" for value in cells.index.levels[1]]
    lines = ["| rows | | " + " | ".join(names) + " |", "|--:|---" + "|--:" * len(names)]
    lines[-1] += "|"
    for rows, line in cells.groupby(level="rows"):
        shown = {
            "single": [f"{value:.3f}" for value in line["single"]],
            "shared": [f"{value:.3f}" for value in line["shared"]],
            "gain": [
                f"{gain:+.3f} ± {error:.3f}"
                for gain, error in zip(line["gain"], line["error"], strict=True)
            ],
            "ahead": [f"{value:.0%}" for value in line["ahead"]],
        }
        for place, (name, values) in enumerate(shown.items()):
            first = "" if place else rows
            lines.append(f"| {first} | {name} | " + " | ".join(values) + " |")
    return "\n".join(lines)


def report(cells: pd.DataFrame, minutes: float) -> str:
    ceiling = 1 / (1 + TABLE["noise"] ** 2)
    seeds = ", ".join(f"{n} at {rows}" for rows, n in SEEDS_BY_ROWS.items())
    return (
        f"![Gain of sharing by relatedness and rows](figures/{FIGURE.name})\n\n"
        f"{as_markdown(cells)}\n\n"
        f"Columns are relatedness. R² on {N_TEST} fresh rows, mean over "
        f"{TABLE['n_tasks']} tasks and seeds ({seeds} rows); noise holds it below "
        f"{ceiling:.3f}. ± is the standard error over seeds; "
        '"ahead" is the share of tasks that gain. Networks of two layers of 64 units, '
        f"{MEMBERS} members, {MEMBERS_OF_MANY} from {MANY} rows on, all else at its "
        f"default; {minutes:.0f} minutes in all, beside other work of the machine. "
        f"{machine()}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resume", action="store_true", help="keep earlier results")
    resume = parser.parse_args().resume and RESULTS.exists()
    runs = measure(json.loads(RESULTS.read_text()) if resume else [])
    cells = summary(runs)
    draw(cells)
    write_section("Relatedness", report(cells, sum(r["seconds"] for r in runs) / 60))
    print(cells.round(4).to_string())


if __name__ == "__main__":
    main()
