"""What columns say of each other: labels that are known, boxes and draws."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmarks.benchmark import Benchmark, Case, Plan, Run
from benchmarks.data import is_number, kinds, load, split
from benchmarks.quality._label_dropout import LabelDropout, as_features
from benchmarks.report import n_seeds, table
from sklearn_mtl import MultiTaskNetEstimator

KNOWN: dict[str, tuple[tuple[str, ...], ...]] = {
    "student_por": (("G1",), ("G1", "G2"), ("Walc", "higher")),
    "mtr_jura": (("Cd",), ("Co", "Cu")),
    "sarcos_test4449": (("torque1",), ("torque2", "torque4", "torque7")),
    "thyroid_l7": (
        ("class_general_health",),
        ("class_binding_protein", "class_discordant_results"),
    ),
    "ml_yeast": (("Class1",), tuple(f"Class{j}" for j in range(1, 15, 2))),
}
"""Labels of the test rows that are known, by table."""
BOXES = ("mtr_enb", "mtr_scpf", "mtr_wq", "bike_hourly")
"""More tables of several numbers."""
TABLES = (*KNOWN, *BOXES)
LARGE = ("sarcos_test4449", "thyroid_l7", "bike_hourly")
COVERAGE = 0.9
MAX_TRAIN, MAX_TEST = 2000, 2000
N_DRAWS = 200
MOST_NAMED = 3
"""Of more known labels, the table says how many."""


def skills(
    net: Any, X: pd.DataFrame, y: pd.DataFrame, **known: Any
) -> dict[str, float]:
    """Skill of each column against its prior: R2, or 1 - log-loss over the prior's."""
    predictions = net.predict(X, **known)
    has_classes = any(task.is_classifier for task in net.tasks_)
    probabilities = net.predict_proba(X, **known) if has_classes else None
    found = {}
    for t, task in enumerate(net.tasks_):
        labels = y[task.name_]
        if not task.is_classifier:
            error = ((labels - predictions[task.name_]) ** 2).mean()
            found[task.name_] = 1 - error / labels.var(ddof=0)
            continue
        seen = labels.isin(task.classes_).to_numpy()
        codes = np.searchsorted(task.classes_.astype(str), labels[seen].astype(str))
        said = probabilities[t][seen][np.arange(len(codes)), codes]
        loss, prior = (
            -np.log(np.clip(p, 1e-15, 1)).mean() for p in (said, task.prior_[codes])
        )
        found[task.name_] = 1 - loss / prior
    return found


class Tables(NamedTuple):
    """Rows to learn from, and rows to predict."""

    X: pd.DataFrame
    y: pd.DataFrame
    X_test: pd.DataFrame
    y_test: pd.DataFrame


def gains(net: Any, rows: Tables, name: str, seed: int) -> list[list[Any]]:
    """Mean skill of unknown columns: nothing known, `y_known`, and of two rivals."""
    if name not in KNOWN:
        return []
    X, y, X_test, y_test = rows
    without = skills(net, X_test, y_test)
    dropout = LabelDropout(X, y, seed)
    found = []
    for known in map(list, KNOWN[name]):
        others = [column for column in y if column not in known]
        wider = [
            pd.concat([x, as_features(labels[known])], axis=1)
            for x, labels in ((X, y), (X_test, y_test))
        ]
        rival = fitted(wider[0], y[others], seed)
        of_each = [
            without,
            skills(net, X_test, y_test, y_known=y_test[known]),
            skills(rival, wider[1], y_test),
            skills(dropout.net, dropout.rows(X_test, y_test, known), y_test),
        ]
        means = [float(np.mean([of[c] for c in others])) for of in of_each]
        few = len(known) <= MOST_NAMED
        found.append(
            [" + ".join(known) if few else f"{len(known)} of {y.shape[1]}", *means]
        )
    return found


def fitted(X: pd.DataFrame, y: pd.DataFrame, seed: int) -> MultiTaskNetEstimator:
    return MultiTaskNetEstimator(task_types=kinds(y), random_state=seed).fit(X, y)


def boxes(net: Any, X: pd.DataFrame, y: pd.DataFrame) -> dict[str, list[float]]:
    """Rows that are held in all numbers, and volumes, of three kinds of boxes."""
    n = y.shape[1]
    asked = {
        "joint": {"coverage": COVERAGE, "joint": True},
        "Bonferroni": {"coverage": 1 - (1 - COVERAGE) / n},
        "independent": {"coverage": COVERAGE ** (1 / n)},
    }
    found = {}
    for kind, how in asked.items():
        low, high = (bound[y.columns] for bound in net.predict_interval(X, **how))
        held = ((low <= y) & (y <= high)).all(axis=1).mean()
        found[kind] = [float(held), float(np.log(high - low).sum(axis=1).mean())]
    return found


def draw_scores(net: Any, X: pd.DataFrame, y: pd.DataFrame) -> dict[str, list[float]]:
    """Energy and variogram scores of joint draws and of independent ones."""
    drawn = net.sample_y(X, N_DRAWS)[y.columns].to_numpy()
    drawn = drawn.reshape(N_DRAWS, len(X), -1) / y.std().to_numpy()
    labels = (y / y.std()).to_numpy()
    rng = np.random.default_rng(0)
    apart = np.stack(
        [rng.permuted(drawn[..., j], axis=0) for j in range(drawn.shape[-1])], axis=-1
    )
    return {
        kind: [energy(labels, said), variogram(labels, said)]
        for kind, said in (("joint", drawn), ("independent", apart))
    }


def energy(labels: np.ndarray, drawn: np.ndarray) -> float:
    """Energy score (Gneiting and Raftery 2007): less is better."""
    half = len(drawn) // 2
    to_label = np.linalg.norm(drawn - labels, axis=-1).mean()
    between = np.linalg.norm(drawn[:half] - drawn[half : 2 * half], axis=-1).mean()
    return float(to_label - 0.5 * between)


def variogram(labels: np.ndarray, drawn: np.ndarray) -> float:
    """Variogram score of order one half (Scheuerer and Hamill 2015)."""
    first, second = np.triu_indices(labels.shape[1], 1)
    seen = np.sqrt(np.abs(labels[:, first] - labels[:, second]))
    said = np.sqrt(np.abs(drawn[..., first] - drawn[..., second])).mean(axis=0)
    return float(((seen - said) ** 2).mean())


def cases(plan: Plan) -> list[Case]:
    """Small tables are split anew by each seed; large ones once."""
    return [
        {"table": name, "seed": seed}
        for name in TABLES
        for seed in range(1 if name in LARGE else plan.rounds)
    ]


def measure(plan: Plan, table: str, seed: int) -> dict[str, Any]:
    X, y = load(table, every=plan.shorten)
    train, test = split(len(X), seed, MAX_TRAIN, MAX_TEST)
    rows = Tables(X.iloc[train], y.iloc[train], X.iloc[test], y.iloc[test])
    net = fitted(rows.X, rows.y, seed)
    found: dict[str, Any] = {"gains": gains(net, rows, table, seed)}
    numbers = rows.y_test[[name for name in y if is_number(y[name])]]
    if numbers.shape[1] > 1:
        found["boxes"] = boxes(net, rows.X_test, numbers)
        found["draws"] = draw_scores(net, rows.X_test, numbers)
    return found


def as_table(runs: list[Run]) -> list[str]:
    texts = [
        "Mean skill of the columns that are not known, from the prior (0) to certainty "
        "(1). `y_known` asks the net that was fitted without; the others are trained "
        "for it: a net with the known labels as features, for each set of its own, and "
        "one with random labels shown in training.",
        known_labels(runs),
        f"Boxes that are to hold all numbers of a row with {COVERAGE:.0%}: share that "
        "they hold, and the volume of joint ones over that of Bonferroni's.",
        box_table(runs),
        "Energy and variogram scores of draws, the less the better: of `sample_y`, and "
        "of the same draws shuffled in each column.",
        draw_table(runs),
    ]
    return [*texts, f"Mean of {n_seeds(runs)} splits; large tables have one."]


def known_labels(runs: list[Run]) -> str:
    columns = ["known", "without", "y_known", "feature", "dropout"]
    frame = pd.concat(
        pd.DataFrame(run["gains"], columns=columns).assign(table=run["table"])
        for run in runs
        if run["gains"]
    )
    mean = frame.groupby(["table", "known"], sort=False).mean()
    rows = [
        [*name, *(f"{skill:.3f}" for skill in skills)]
        for name, *skills in mean.itertuples()
    ]
    header = ["table", "known", "nothing known", "`y_known`"]
    return table([*header, "as features", "label dropout"], rows, text=2)


def box_table(runs: list[Run]) -> str:
    rows = []
    for name, of in mean_by_table(runs, "boxes").items():
        ratio = np.exp(of["joint"][1] - of["Bonferroni"][1])
        held = (f"{100 * of[kind][0]:.1f}" for kind in of)
        rows.append([name, *held, f"{ratio:.2f}"])
    return table(["table", "joint", "Bonferroni", "independent", "volume"], rows)


def draw_table(runs: list[Run]) -> str:
    rows = [
        [name, *(f"{of[kind][score]:.4f}" for score in (0, 1) for kind in of)]
        for name, of in mean_by_table(runs, "draws").items()
    ]
    header = ["table", "energy", "shuffled", "variogram", "shuffled"]
    return table(header, rows)


def mean_by_table(runs: list[Run], part: str) -> dict[str, dict[str, np.ndarray]]:
    found: dict[str, list[dict[str, list[float]]]] = {}
    for run in runs:
        if part in run:
            found.setdefault(run["table"], []).append(run[part])
    return {
        name: {kind: np.mean([of[kind] for of in parts], axis=0) for kind in parts[0]}
        for name, parts in found.items()
    }


BENCHMARK = Benchmark(
    "What columns say of each other", cases, measure, as_table, rounds=3
)
