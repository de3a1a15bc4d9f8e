"""What to raise when there is time, what to lower when there is none.

Mean skill and seconds of all fits over a set of small and middling tables, for a few
settings of the estimator, beside its defaults and scikit-learn's models, which
`peers` measures.
"""

from functools import partial
from typing import Any

import pandas as pd

from benchmarks import results
from benchmarks.benchmark import Benchmark, Case, Plan, Run, combined
from benchmarks.quality._models import fit_net
from benchmarks.quality.peers import out_of_fold
from benchmarks.report import table

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
    'own_nets="never"': {"own_nets": "never"},
    "n_bins=0": {"n_bins": 0},
    "dropout=0": {"dropout": 0.0},
    "hidden (64, 64)": {"hidden_layer_sizes": (64, 64)},
    "hidden (256, 256)": {"hidden_layer_sizes": (256, 256)},
    "n_iter_no_change=20": {"n_iter_no_change": 20},
    'learning_rate="constant"': {"learning_rate": "constant"},
    "quick: 4 members, (64, 64), hard": {
        "n_members": 4,
        "hidden_layer_sizes": (64, 64),
        "own_nets": "never",
    },
}
PEERS = "linear", "forest", "boosting", "mlp"
MEASURED_THERE = {"net": "defaults", **{peer: peer for peer in PEERS}}
"""Models of `peers` to what they are called here."""


def cases(plan: Plan) -> list[Case]:
    return combined(setting=SETTINGS, table=TABLES)


def measure(plan: Plan, setting: str, table: str) -> dict[str, Any]:
    fit = partial(fit_net, random_state=0, **SETTINGS[setting])
    return out_of_fold(table, fit, every=plan.shorten)


def points(runs: list[Run]) -> pd.DataFrame:
    """Seconds and mean skill of what all tables were measured with, the best first."""
    there = [
        run | {"setting": MEASURED_THERE[run["model"]]}
        for run in results.read("peers").runs
        if run["model"] in MEASURED_THERE and run["seed"] == 0
    ]
    every = pd.DataFrame([*runs, *there])
    every = every[every["table"].isin(TABLES)].groupby("setting", sort=False)
    found = pd.DataFrame(
        {"seconds": every["fit_seconds"].sum(), "skill": every["skill"].mean()}
    )
    complete = every["table"].nunique() == len(TABLES)
    return found[complete].sort_values("skill", ascending=False, kind="stable")


def as_table(runs: list[Run]) -> list[str]:
    rows = [
        [point.Index, f"{point.skill:.4f}", f"{point.seconds:.0f}"]
        for point in points(runs).itertuples()
    ]
    return [table(["setting or peer", "mean skill", "s"], rows)]


BENCHMARK = Benchmark("Trade", cases, measure, as_table, rounds=1, threads=2)
