"""Draw what the package is for: a table with gaps, shared layers, heads, and the gain.

``python docs/figures/first.py`` writes the picture beside this file. The bars come from
what the benchmark `peers` has measured.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

HERE = Path(__file__).parent
RESULTS = HERE.parents[1] / "benchmarks" / "results" / "peers.json"
COLUMNS = {"price": "#0072B2", "grade": "#E69F00", "yes/no": "#009E73"}
"""Told apart by colour-blind readers (Okabe and Ito)."""
GAPS = {("price", 1), ("price", 4), ("grade", 2), ("yes/no", 0), ("yes/no", 3)}
N_ROWS, N_FEATURES, CELL = 6, 3, 0.55
MODELS = {
    "net": "this package",
    "forest": "random forest",
    "linear": "ridge / logistic",
    "boosting": "hist. boosting",
    "mlp": "scikit-learn's MLP",
}
OURS, OTHERS, GREY = "#0072B2", "#BFBFBF", "#E4E4E4"


def cells(ax: Axes, x: float, column: int, colour: str, empty: set[int]) -> None:
    for row in range(N_ROWS):
        face = "white" if row in empty else colour
        corner = (x + column * CELL, -row * CELL)
        ax.add_patch(Rectangle(corner, CELL, CELL, fc=face, ec="white", lw=1.5))
        if row in empty:
            middle = corner[0] + CELL / 2, corner[1] + CELL / 2
            ax.text(*middle, "?", ha="center", va="center", color=colour)


def arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    style = {"arrowstyle": "-|>", "mutation_scale": 11, "color": "0.45", "lw": 1.2}
    ax.add_patch(FancyArrowPatch(start, end, **style))


def draw_network(ax: Axes) -> None:
    """Draw X, the shared layers, a head a column, and y with its gaps."""
    for column in range(N_FEATURES):
        cells(ax, 0, column, GREY, set())
    ax.text(N_FEATURES * CELL / 2, 0.8, "X", ha="center", weight="bold")
    middle, top = -(N_ROWS / 2 - 1) * CELL, 1.3
    for x in (2.7, 3.5):
        ax.add_patch(Rectangle((x, middle - top), 0.45, 2 * top, fc="0.75", ec="none"))
    ax.text(3.32, middle + top + 0.22, "shared layers", ha="center")
    arrow(ax, (N_FEATURES * CELL + 0.1, middle), (2.62, middle))
    left = 6.2
    for j, (name, colour) in enumerate(COLUMNS.items()):
        y = middle + (1 - j) * 1.05
        ax.add_patch(Rectangle((4.75, y - 0.2), 0.45, 0.4, fc=colour, ec="none"))
        arrow(ax, (4.0, middle + (1 - j) * 0.6), (4.7, y))
        arrow(ax, (5.25, y), (left - 0.1, y))
        cells(ax, left, j, colour, {row for column, row in GAPS if column == name})
        place = left + (j + 0.5) * CELL, (1 - N_ROWS) * CELL - 0.1
        ax.text(*place, name, rotation=90, ha="center", va="top", color=colour)
    ax.text(4.97, middle + top + 0.22, "heads", ha="center")
    ax.text(left + 1.5 * CELL, 0.8, "y", ha="center", weight="bold")
    ax.set(xlim=(-0.1, 8.0), ylim=(-4.3, 1.3), aspect="equal")
    ax.axis("off")


def draw_skill(ax: Axes) -> None:
    """Draw the mean skill of each model over all tables."""
    runs = json.loads(RESULTS.read_text())["runs"]
    skills = {
        name: np.mean([run["skill"] for run in runs if of_model(run, name)])
        for name in MODELS
    }
    tables = {run["table"] for run in runs}
    names = list(reversed(MODELS))
    colours = [OURS if name == "net" else OTHERS for name in names]
    bars = ax.barh([MODELS[name] for name in names], [skills[n] for n in names])
    for bar, colour in zip(bars, colours, strict=True):
        bar.set_color(colour)
    ax.bar_label(bars, fmt="%.3f", padding=3)
    ax.set(xlim=(0, 0.75), xticks=[])
    title = f"share of the prior's cost removed,\nmean of {len(tables)} tables"
    ax.set_title(title, fontsize=10)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


def of_model(run: dict, name: str) -> bool:
    return run["model"] == name and run["seed"] == 0


def draw() -> Figure:
    figure = Figure(figsize=(9.6, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.75, 1))
    draw_network(left)
    draw_skill(right)
    return figure


if __name__ == "__main__":
    draw().savefig(HERE / "first.png", dpi=110)
