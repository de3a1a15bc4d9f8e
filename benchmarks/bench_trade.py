"""What to raise when there is time, what to lower when there is none.

    python benchmarks/bench_trade.py

Mean skill and seconds of all fits over a set of small and middling tables, for a few
settings of the estimator, beside its defaults and scikit-learn's models, which
benchmarks/quality.py measures. The figure goes to docs/trade.png. Results are kept in
benchmarks/results/trade.json; what stands there is not measured again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from quality import RESULTS as QUALITY
from quality import measure
from report import PAGE, machine, write_section
from tables import data_folder

RESULTS = Path(__file__).parent / "results" / "trade.json"
FIGURE = PAGE.parent / "trade.png"
TABLES = (
    "mtr_jura",
    "mtr_wq",
    "mtr_scpf",
    "mtr_enb",
    "student_por",
    "ml_emotions",
    "wine",
    "thyroid_l7",
    "bike_hourly",
)
SETTINGS: dict[str, dict[str, Any]] = {
    "n_members=16": {"n_members": 16},
    "n_members=4": {"n_members": 4},
    "n_members=1": {"n_members": 1},
    'sharing="hard"': {"sharing": "hard"},
    "n_bins=0": {"n_bins": 0},
    "dropout=0": {"dropout": 0.0},
    "hidden (128, 128)": {"hidden_layer_sizes": (128, 128)},
    "hidden (512, 512)": {"hidden_layer_sizes": (512, 512)},
    "n_iter_no_change=20": {"n_iter_no_change": 20},
    "learning_rate_init=0.003": {"learning_rate_init": 0.003},
    "quick: 4 members, (128, 128), hard": {
        "n_members": 4,
        "hidden_layer_sizes": (128, 128),
        "sharing": "hard",
    },
}
PEERS = "linear", "forest", "boosting", "mlp"
MEASURED_THERE = {"defaults": "net", **{peer: peer for peer in PEERS}}
"""Names to what benchmarks/quality.py calls them."""


def points(results: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Seconds and mean skill of every setting, and of every peer, on all tables."""
    quality = json.loads(QUALITY.read_text())
    measured_there = {
        name: {table: quality[table][model] for table in TABLES}
        for name, model in MEASURED_THERE.items()
    }
    found = {}
    for name, row in {**results, **measured_there}.items():
        seconds = sum(row[table]["fit_seconds"] for table in TABLES)
        found[name] = seconds, float(np.mean([row[t]["skill"] for t in TABLES]))
    return found


def draw(found: dict[str, tuple[float, float]]) -> None:
    """Plot skill against seconds; numbers beside the points lead to the names."""
    figure, axes = plt.subplots(
        2,
        1,
        figsize=(8, 4.8),
        sharex=True,
        layout="constrained",
        height_ratios=[4, 1],
    )
    weakest = min(skill for name, (_, skill) in found.items() if name not in PEERS)
    names = []
    for name, (seconds, skill) in sorted(found.items(), key=lambda item: -item[1][1]):
        peer, default = name in PEERS, name == "defaults"
        # A peer far below all settings would press these together: it goes below.
        ax = axes[int(skill < weakest - 0.02)]
        color = "0.45" if peer else "#0072B2"
        marker = "s" if peer else "*" if default else "o"
        size = 150 if default else 36
        ax.scatter(seconds, skill, s=size, color=color, marker=marker, zorder=3)
        names.append(f"{len(names) + 1}  {name}")
        place = (7, 0) if len(names) % 2 else (0, 8)
        ax.annotate(
            str(len(names)),
            (seconds, skill),
            place,
            textcoords="offset points",
            ha="left" if place[0] else "center",
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
    figure.savefig(FIGURE, dpi=120, bbox_inches="tight")
    plt.close(figure)


def as_markdown(found: dict[str, tuple[float, float]]) -> str:
    lines = ["| setting or peer | mean skill | s |", "|---|--:|--:|"]
    for name, (seconds, skill) in sorted(found.items(), key=lambda item: -item[1][1]):
        lines.append(f"| {name} | {skill:.4f} | {seconds:.0f} |")
    return "\n".join(lines)


def main() -> None:
    if data_folder() is None:
        print("SKLEARN_MTL_DATA names no folder; the figure is of its tables.")
        return
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name, parameters in SETTINGS.items():
        row = results.setdefault(name, {})
        for table in TABLES:
            if table not in row:
                row[table] = measure(table, "net", random_state=0, **parameters)
                RESULTS.write_text(json.dumps(results, indent=1))
        print(name, np.mean([row[table]["skill"] for table in TABLES]), flush=True)
    found = points({name: results[name] for name in SETTINGS})
    draw(found)
    write_section("Trade", f"{as_markdown(found)}\n\n{machine()}")


if __name__ == "__main__":
    main()
