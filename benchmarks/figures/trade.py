"""Mean skill against seconds of fitting, for some settings and peers."""

from matplotlib.figure import Figure

from benchmarks.benchmark import Run
from benchmarks.quality.trade import PEERS, points


def draw(runs: list[Run]) -> Figure:
    """Numbers beside the points lead to the names."""
    found = points(runs)
    figure = Figure(figsize=(8, 4.8), layout="constrained")
    axes = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    weakest = found.drop(index=list(PEERS), errors="ignore")["skill"].min()
    names = []
    for name, seconds, skill in found.itertuples():
        peer, default = name in PEERS, name == "defaults"
        # A peer far below all settings would press these together: it goes below.
        ax = axes[int(skill < weakest - 0.02)]
        color = "0.45" if peer else "#0072B2"
        marker = "s" if peer else "*" if default else "o"
        size = 150 if default else 36
        ax.scatter(seconds, skill, s=size, color=color, marker=marker, zorder=3)
        names.append(f"{len(names) + 1}  {name}")
        offset = (7, 0) if len(names) % 2 else (0, 8)
        ax.annotate(
            str(len(names)),
            (seconds, skill),
            offset,
            textcoords="offset points",
            ha="left" if offset[0] else "center",
            va="center",
            fontsize=8,
        )
    for ax in axes:
        ax.set_xscale("log")
        ax.grid(alpha=0.3)
        ax.margins(0.08)
    axes[1].margins(y=0.3)
    axes[1].set_xlabel("seconds of all fits")
    figure.supylabel("mean skill", fontsize=10)
    figure.text(1.01, 0.97, "\n".join(names), fontsize=8, va="top", linespacing=1.6)
    return figure
