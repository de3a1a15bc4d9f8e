"""Every way of balancing the columns, on the same rows, against fixed weights.

All columns share one trunk, and none goes on alone. What was cut, alike for all: small
tables have one split a seed and nets of four members; of `thyroid_l7` 1500 rows are
learned from. All other nets have two members and two layers of 64 units, and of
`census_kdd` 20,000 rows, drawn by the seed, are learned from. "pcgrad" and "upgrad" are
left out of `school`, where they solve a problem for each of 139 columns. Small tables
take a quarter of an hour of one core, and all others three quarters.
"""

from typing import Any

import pandas as pd

from benchmarks.quality._models import Predict, fit_net
from benchmarks.quality._study import Study
from sklearn_mtl.balancing import BALANCING


def fit(X: pd.DataFrame, y: pd.DataFrame, balancing: str, **settings: Any) -> Predict:
    return fit_net(X, y, balancing=balancing, **settings)


WAYS = ("fixed", *(name for name in BALANCING if name != "fixed"))
SLOW_FOR_MANY = "pcgrad", "upgrad"

BENCHMARK = Study(
    "balancing",
    "Ways of balancing",
    WAYS,
    fit,
    census_rows=20_000,
    fewer={"school": tuple(name for name in WAYS if name not in SLOW_FOR_MANY)},
).benchmark()
