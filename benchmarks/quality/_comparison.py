"""Scores of models on tables as markdown: means, ranks, and a paired test."""

import numpy as np
import pandas as pd
from scipy.stats import t as student_t

from benchmarks.benchmark import Run
from benchmarks.report import table

Results = dict[str, dict[str, Run]]
"""Table to model to its run at the first seed."""
EACH = "net each"
"""The estimator itself, one a column; not a peer, and so not ranked."""
MODELS = (
    *("net", EACH, "linear", "forest", "boosting", "mlp"),
    *("catboost", "xgboost", "lightgbm", "realmlp", "gaussian_process"),
)
LEVEL = 0.05
"""Two-sided level of the paired test."""
NOTICEABLE = 0.005
"""Difference in skill that counts where there is no test."""


def as_table(runs: list[Run]) -> list[str]:
    results: Results = {}
    for run in runs:
        if run["seed"] == 0:
            results.setdefault(run["table"], {})[run["model"]] = run
    models = [m for m in MODELS if any(m in row for row in results.values())]
    return [
        skills_of(results, models),
        summary_of(results, models),
        columns_of(results),
        seeds_of(runs),
    ]


def skills_of(results: Results, models: list[str]) -> str:
    rows = []
    for name, row in results.items():
        best = max(run["skill"] for run in row.values())
        cells = [cell(row[m], best) if m in row else ["", ""] for m in models]
        rows.append([name, *(part for pair in cells for part in pair)])
    header = ["table", *(part for model in models for part in (model, "s"))]
    return table(header, rows)


def cell(run: Run, best: float) -> list[str]:
    text = f"{run['skill']:.3f}"
    text = f"**{text}**" if run["skill"] == best else text
    if "fit_seconds" in run:
        return [text, f"{run['fit_seconds']:.1f}"]
    return [text, f"({run['seconds']:.0f})"]


def summary_of(results: Results, models: list[str]) -> str:
    ranked = [model for model in models if model != EACH]
    complete = [row for row in results.values() if all(m in row for m in ranked)]
    ranks = pd.DataFrame([{m: row[m]["skill"] for m in ranked} for row in complete])
    ranks = ranks.rank(axis=1, ascending=False).mean()
    lines = []
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
        lines.append([model, str(len(rows)), f"{peer:.3f}", f"{own:.3f}", counts, rank])
    header = ["peer", "tables", "mean skill", "the net's"]
    header += ["the net's wins, ties, losses"]
    header += [f"mean rank of {len(ranked)} on {len(complete)} tables"]
    return table(header, lines)


def verdict(net: Run, peer: Run) -> int:
    """1 where the net wins, -1 where the peer does, 0 where it cannot be told."""
    if "parts" not in net or "parts" not in peer:
        difference = net["skill"] - peer["skill"]
        return 0 if abs(difference) <= NOTICEABLE else int(np.sign(difference))
    difference = np.subtract(net["parts"], peer["parts"])
    return int(np.sign(difference.mean())) if p_value(difference) < LEVEL else 0


def p_value(difference: np.ndarray, overlap: float | None = None) -> float:
    """Corrected resampled t-test of Nadeau and Bengio; NaN of a single difference.

    C. Nadeau, Y. Bengio, "Inference for the Generalization Error", Machine Learning
    52, 2003: with test sets of a share q of the rows, the variance of the mean of J
    differences is (1/J + q/(1-q)) times their variance. `overlap` is q/(1-q), by
    default that of J folds; at 0 this is Student's paired test.
    """
    n = len(difference)
    if n < 2:
        return float("nan")
    overlap = 1 / (n - 1) if overlap is None else overlap
    spread = difference.std(ddof=1) * np.sqrt(1 / n + overlap)
    if spread == 0:
        return 1.0 if difference.mean() == 0 else 0.0
    return float(2 * student_t.sf(abs(difference.mean()) / spread, n - 1))


def holm(p_values: np.ndarray) -> np.ndarray:
    """Correct p values of several questions for their number (Holm 1979)."""
    order = np.argsort(p_values)
    corrected = np.empty(len(order))
    steps = (len(order) - np.arange(len(order))) * np.asarray(p_values)[order]
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected


def columns_of(results: Results) -> str:
    """Columns where one net a column is ahead of the shared one."""
    differences = {
        f"{name}, {column}": score - row["net"]["columns"][column]
        for name, row in results.items()
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


def seeds_of(runs: list[Run]) -> str:
    """Mean skill of the net with several seeds, on the tables that have them all."""
    nets = pd.DataFrame([run for run in runs if run["model"] == "net"])
    if nets.empty or nets["seed"].nunique() == 1:
        return ""
    skills = nets.pivot(index="table", columns="seed", values="skill").dropna()
    means = skills.mean()
    listed = ", ".join(f"{mean:.4f}" for mean in means)
    return (
        f"Mean skill of the net over {len(skills)} tables with {len(means)} seeds: "
        f"{listed}; standard deviation {means.std(ddof=1):.4f}."
    )
