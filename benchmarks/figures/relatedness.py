"""What sharing gains, by relatedness and rows."""

import numpy as np
from matplotlib.figure import Figure

from benchmarks.benchmark import Run
from benchmarks.quality.relatedness import summary


def draw(runs: list[Run]) -> Figure:
    cells = summary(runs)
    gain = cells["gain"].unstack("relatedness").to_numpy() * 100
    rows, relatedness = cells.index.levels
    largest = np.abs(gain).max()
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    ax = figure.subplots()
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
    return figure
