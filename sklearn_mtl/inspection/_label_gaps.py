"""Where labels are missing: at random, or where X says so; and of which columns."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from sklearn_mtl.inspection._checked_table import FOLDS, CheckedTable, features_of
from sklearn_mtl.inspection._column_report import Finding

FEWEST_GAPS = 30
"""Missing, and known, labels from which it can be told what predicts them."""
TELLING = 0.65
"""Area under the ROC curve from which those that are known are another population."""
DEVIATIONS = 4.0
FEWEST_SHARED = 30
"""Rows with labels of both columns from which their dependence can be told."""


def predicted_gaps(table: CheckedTable) -> Iterator[Finding]:
    """Find columns of y whose labels are missing where X predicts it."""
    features = None
    area_of: dict[bytes, float] = {}
    for column in table.y:
        missing = column.missing[table.sample]
        if min(missing.sum(), (~missing).sum()) < FEWEST_GAPS:
            continue
        if features is None:
            features = np.column_stack([features_of(c)[table.sample] for c in table.X])
        pattern = np.packbits(missing).tobytes()
        if pattern not in area_of:
            area_of[pattern] = _area(table, features, missing)
        area = area_of[pattern]
        if area >= TELLING and area > 0.5 + DEVIATIONS * _deviation(missing):
            yield Finding(
                "gaps",
                "y",
                column.name,
                None,
                area,
                f"X predicts where labels of y[{column.name!r}] are missing "
                f"({column.missing.mean():.0%} of all; AUC {area:.2f} on held-out "
                "rows), so that scores, intervals and calibration hold for rows like "
                "those with labels.",
                "Weigh labels by 1 / the probability to be known: sample_weight.",
            )


def _area(table: CheckedTable, features: np.ndarray, missing: np.ndarray) -> float:
    if not table.can_be_split(table.sample):
        return 0.5
    model = HistGradientBoostingClassifier(
        max_iter=20,
        max_leaf_nodes=8,
        early_stopping=False,
        random_state=table.random_state,
    )
    folds = table.folds(table.sample, missing)
    if len(folds) < FOLDS or any(_all_alike(missing[train]) for train, _ in folds):
        return 0.5
    said = cross_val_predict(model, features, missing, cv=folds, method="predict_proba")
    return float(roc_auc_score(missing, said[:, 1]))


def _all_alike(flags: np.ndarray) -> bool:
    return bool(flags.all() or not flags.any())


def _deviation(missing: np.ndarray) -> float:
    """Compute the standard deviation of the area where X says nothing."""
    n_missing, n_known = missing.sum(), (~missing).sum()
    return float(np.sqrt((len(missing) + 1) / (12.0 * n_missing * n_known)))


def small_overlaps(table: CheckedTable) -> Iterator[Finding]:
    """Find out whether pairs of columns of y have labels in the same rows."""
    known = np.column_stack([~column.missing for column in table.y])
    counts = known.sum(axis=0)
    enough = np.flatnonzero(counts >= FEWEST_SHARED)
    if len(enough) < 2:
        return
    both = known[:, enough].T.astype(np.float32) @ known[:, enough].astype(np.float32)
    pairs = list(combinations(range(len(enough)), 2))
    shared = np.array([both[pair] for pair in pairs])
    few = shared < FEWEST_SHARED
    if not few.any():
        return
    i, j = pairs[int(shared.argmin())]
    first, second = (table.y[enough[k]].name for k in (i, j))
    yield Finding(
        "overlap",
        "y",
        first,
        second,
        float(shared.min()),
        f"{few.sum()} of {len(pairs)} pairs of columns of y share labels in fewer than "
        f"{FEWEST_SHARED} rows; y[{first!r}] and y[{second!r}] in {shared.min():.0f}.",
        "How they depend on each other beyond X cannot be told; "
        "inspection.compare_single_task tells whether they help each other.",
    )
