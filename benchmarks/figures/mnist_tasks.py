"""Errors of four tasks on MNIST by the number of labelled images."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from benchmarks.benchmark import Run
from benchmarks.quality.mnist_tasks import N_LABELS, NETS, TASKS, of

LABELS = {
    "single": "one net a task",
    "shared": "one net for all tasks",
    "semi-supervised": "one net for all tasks, h(3), 60,000 images unlabelled",
}
COLORS = {"single": "#E69F00", "shared": "#0072B2", "semi-supervised": "#009E73"}
MARKERS = {"single": "s", "shared": "o", "semi-supervised": "^"}


def draw(runs: list[Run]) -> Figure:
    figure = Figure(figsize=(7.2, 5.6))
    axes = figure.subplots(2, 2, sharex=True)
    for ax, task in zip(axes.flat, TASKS, strict=True):
        for net in NETS:
            found = [[run["error"][task] for run in of(runs, n, net)] for n in N_LABELS]
            mean, low, high = (
                [float(f(values)) for values in found] for f in (np.mean, min, max)
            )
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
    return figure
