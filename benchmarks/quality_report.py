"""Scores of models on tables as markdown: means, ranks, and a paired test."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student_t

Results = dict[str, dict[str, Any]]
"""Table to model to its entry: skill, seconds, columns, parts."""
EACH = "net each"
"""The estimator itself, one a column; not a peer, and so not ranked."""
MODELS = "net", EACH, "linear", "forest", "boosting", "mlp", "catboost", "realmlp"
LEVEL = 0.05
"""Two-sided level of the paired test."""
NOTICEABLE = 0.005
"""Difference in skill that counts where there is no test."""


def as_markdown(results: Results) -> str:
    models = [m for m in MODELS if any(m in row for row in results.values())]
    return "\n\n".join(
        text
        for text in (
            skills_of(results, models),
            SKILLS.strip(),
            summary_of(results, models),
            SUMMARY.strip(),
            columns_of(results),
            seeds_of(results),
        )
        if text
    )


SKILLS = """
Skill; seconds of all fits of a table, measured one model after another. Seconds in
brackets are of predictions too and of another run of the machine.
"""
SUMMARY = """
Means and ranks of the net stand beside those of the peer on the tables that the peer
was measured on. Wins, ties and losses of the net: a two-sided paired t-test at 5 % over
five parts of the held-out rows (the folds of a small table), its variance corrected for
the rows that training sets share (Nadeau & Bengio 2003); peers that were measured
elsewhere have no parts, and a difference in skill above 0.005 counts there.
"""


def skills_of(results: Results, models: list[str]) -> str:
    lines = [
        "| table | " + " | ".join(f"{m} | s" for m in models) + " |",
        "|---" + "|--:" * (2 * len(models)) + "|",
    ]
    for table, row in results.items():
        best = max(row[m]["skill"] for m in models if m in row)
        cells = [cell(row[m], best) if m in row else " | " for m in models]
        lines.append(f"| {table} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def cell(entry: dict[str, Any], best: float) -> str:
    text = f"{entry['skill']:.3f}"
    text = f"**{text}**" if entry["skill"] == best else text
    if "fit_seconds" in entry:
        return f"{text} | {entry['fit_seconds']:.1f}"
    return f"{text} | ({entry['seconds']:.0f})"


def summary_of(results: Results, models: list[str]) -> str:
    ranked = [model for model in models if model != EACH]
    complete = [row for row in results.values() if all(m in row for m in ranked)]
    lines = [
        "| peer | tables | mean skill | the net's | the net's wins, ties, losses | "
        f"mean rank of {len(ranked)} on {len(complete)} tables |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    ranks = pd.DataFrame([{m: row[m]["skill"] for m in ranked} for row in complete])
    ranks = ranks.rank(axis=1, ascending=False).mean()
    for model in models:
        rows = [row for row in results.values() if model in row and "net" in row]
        if not rows:
            continue
        own, peer = (np.mean([row[m]["skill"] for row in rows]) for m in ("net", model))
        counts = ""
        if model != "net":
            verdicts = [verdict(row["net"], row[model]) for row in rows]
            counts = ", ".join(str(verdicts.count(v)) for v in (1, 0, -1))
        rank = f"{ranks[model]:.2f}" if model in ranks else ""
        lines.append(
            f"| {model} | {len(rows)} | {peer:.3f} | {own:.3f} | {counts} | {rank} |"
        )
    return "\n".join(lines)


def verdict(net: dict[str, Any], peer: dict[str, Any]) -> int:
    """1 where the net wins, -1 where the peer does, 0 where it cannot be told."""
    if "parts" not in net or "parts" not in peer:
        difference = net["skill"] - peer["skill"]
        return 0 if abs(difference) <= NOTICEABLE else int(np.sign(difference))
    difference = np.subtract(net["parts"], peer["parts"])
    return int(np.sign(difference.mean())) if p_value(difference) < LEVEL else 0


def p_value(difference: np.ndarray) -> float:
    """Corrected resampled t-test of Nadeau and Bengio.

    C. Nadeau, Y. Bengio, "Inference for the Generalization Error", Machine Learning
    52, 2003: with test sets of a share q of the rows, the variance of the mean of J
    differences is (1/J + q/(1-q)) times their variance.
    """
    n = len(difference)
    spread = difference.std(ddof=1) * np.sqrt(1 / n + 1 / (n - 1))
    if spread == 0:
        return 1.0 if difference.mean() == 0 else 0.0
    return float(2 * student_t.sf(abs(difference.mean()) / spread, n - 1))


def columns_of(results: Results) -> str:
    """Columns where one net a column is ahead of the shared one."""
    differences = {
        f"{table}, {column}": score - row["net"]["columns"][column]
        for table, row in results.items()
        if "net" in row and EACH in row
        for column, score in row[EACH]["columns"].items()
    }
    if not differences:
        return ""
    worst = sorted(differences, key=lambda name: -differences[name])[:8]
    ahead = sum(d > NOTICEABLE for d in differences.values())
    behind = sum(d < -NOTICEABLE for d in differences.values())
    listed = "; ".join(f"{name} ({differences[name]:.3f})" for name in worst)
    return (
        f"Of {len(differences)} columns, a net of the column alone is ahead by more "
        f"than {NOTICEABLE} in {ahead}, and behind by more in {behind}. It is most "
        f"ahead on {listed}."
    )


def seeds_of(results: Results) -> str:
    """Mean skill of the net with several seeds, on the tables that have them all."""
    names = sorted({name for row in results.values() for name in row if "seed" in name})
    if not names:
        return ""
    names = ["net", *names]
    rows = [row for row in results.values() if all(name in row for name in names)]
    means = [np.mean([row[name]["skill"] for row in rows]) for name in names]
    listed = ", ".join(f"{mean:.4f}" for mean in means)
    return (
        f"Mean skill of the net over {len(rows)} tables with {len(names)} seeds: "
        f"{listed}; standard deviation {np.std(means, ddof=1):.4f}."
    )
