"""Losses over epochs on MNIST, without and with dropout."""

import numpy as np
from matplotlib.figure import Figure

from benchmarks.benchmark import Run


def draw(runs: list[Run]) -> Figure:
    figure = Figure(figsize=(8, 3.2), layout="tight")
    axes = figure.subplots(1, 2, sharey=True)
    shown = [run for run in runs if "valid" in run]
    for ax, run in zip(axes, shown, strict=False):
        epochs = np.arange(1, len(run["train"]) + 1)
        ax.plot(epochs, run["train"], color="#0072B2", label="training")
        ax.plot(epochs, run["valid"], color="#D55E00", label="validation")
        best = run["best_epoch"]
        ax.plot(best, run["valid"][best - 1], "o", color="#D55E00")
        ax.annotate(
            f"epoch {best} is kept",
            (best, run["valid"][best - 1]),
            (4, 24),
            textcoords="offset points",
            ha="left" if best < 0.5 * len(epochs) else "right",
            fontsize=9,
            arrowprops={"arrowstyle": "-", "color": "grey"},
        )
        ax.set(title=run["net"], xlabel="epoch", yscale="log")
        ax.grid(alpha=0.3)
    axes[0].set_ylabel("negative log-likelihood\n(1 = the prior)")
    axes[0].legend(frameon=False, loc="lower left")
    return figure
