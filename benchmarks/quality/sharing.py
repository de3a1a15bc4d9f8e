"""Every way of sharing, on the same rows, against hard sharing.

Beside the ways that `sharing` names: hard sharing whose columns may go on alone, as is
the default, and the estimator fitted to one column after the other. Elsewhere no column
goes on alone, so that what differs is the way of sharing.

What was cut, alike for all: small tables have one split a seed and nets of four
members; of `thyroid_l7` 1500 rows are learned from. All other nets have two members and
two layers of 64 units. `school` is left out where each of 139 tasks has a trunk of its
own, and `census_kdd` has the ways of the literature alone. Small tables take a quarter
of an hour of one core, all others as long, and `census_kdd` an hour.
"""

from typing import Any

import pandas as pd

from benchmarks.quality._held_out import CENSUS
from benchmarks.quality._models import EACH, Predict, fit_net, fit_net_each
from benchmarks.quality._study import Study
from sklearn_mtl.nn import SHARING

OWN_NETS = "hard, own nets"
PUBLISHED = {
    "single": (0.9198, 0.9748),
    "shared": (0.9148, 0.9754),
    "MMoE": (0.9152, 0.9756),
    "PLE": (0.9161, 0.9764),
}
"""IJANMC 2024-0005."""


def fit(X: pd.DataFrame, y: pd.DataFrame, sharing: str, **settings: Any) -> Predict:
    if sharing == EACH:
        return fit_net_each(X, y, **settings)
    if sharing == OWN_NETS:
        return fit_net(X, y, **settings | {"own_nets": "auto"})
    return fit_net(X, y, sharing=sharing, **settings)


NAMED = tuple(name for name in SHARING if name != "hard")


BENCHMARK = Study(
    "sharing",
    "Ways of sharing",
    ("hard", OWN_NETS, EACH, *NAMED),
    fit,
    census_rows=200_000,
    fewer={
        "school": ("hard", OWN_NETS, EACH, "mmoe", "dselect_k", "factors"),
        CENSUS: ("hard", EACH, "mmoe", "ple"),
    },
    published=PUBLISHED,
).benchmark()
