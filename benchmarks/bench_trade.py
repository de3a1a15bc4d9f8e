"""What to raise when there is time, what to lower when there is none.

    python benchmarks/bench_trade.py

Mean skill and seconds of all fits over a set of small and middling tables, for a few
settings of the estimator, beside scikit-learn's models from benchmarks/quality.py. The
figure goes to docs/trade.png. Results are kept in benchmarks/results/trade.json; what
stands there is not measured again.
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
    "defaults": {},
    "n_members=16": {"n_members": 16},
    "n_members=4": {"n_members": 4},
    "n_members=2": {"n_members": 2},
    "n_members=1": {"n_members": 1},
    'sharing="hard"': {"sharing": "hard"},
    "n_bins=0": {"n_bins": 0},
    "dropout=0": {"dropout": 0.0},
    "calibrate=False": {"calibrate": False},
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


def points(results: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Seconds and mean skill of every setting, and of every peer, on all tables."""
    quality = json.loads(QUALITY.read_text())
    of_peers = {
        peer: {table: quality[table][peer] for table in TABLES} for peer in PEERS
    }
    found = {}
    for name, row in {**results, **of_peers}.items():
        seconds = sum(row[table]["fit_seconds"] for table in TABLES)
        found[name] = seconds, float(np.mean([row[t]["skill"] for t in TABLES]))
    return found


def draw(found: dict[str, tuple[float, float]]) -> None:
    """Plot skill against seconds; labels stand right of their points."""
    figure, ax = plt.subplots(figsize=(8, 5), layout="constrained")
    for name, (seconds, skill) in found.items():
        peer = name in PEERS
        color = "0.45" if peer else "#0072B2"
        marker = "s" if peer else "*" if name == "defaults" else "o"
        size = 160 if name == "defaults" else 36
        ax.scatter(seconds, skill, s=size, color=color, marker=marker, zorder=3)
    place_labels(ax, found)
    ax.set_xscale("log")
    ax.set_xlabel("seconds of all fits")
    ax.set_ylabel("mean skill")
    ax.grid(alpha=0.3)
    ax.margins(x=0.25)
    figure.savefig(FIGURE, dpi=120)
    plt.close(figure)


def place_labels(ax: Any, found: dict[str, tuple[float, float]]) -> None:
    """Write names beside their points, moved apart where they would touch."""
    skills = [skill for _, skill in found.values()]
    least = 0.035 * (max(skills) - min(skills))
    below = np.inf
    for name, (seconds, skill) in sorted(found.items(), key=lambda item: -item[1][1]):
        height = min(skill, below - least)
        below = height
        ax.annotate(
            name,
            (seconds, skill),
            (seconds * 1.12, height),
            fontsize=8,
            va="center",
            arrowprops={"arrowstyle": "-", "color": "0.7", "linewidth": 0.5},
        )


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
