"""What a fitted estimator knows of its columns and its data, in words."""

from __future__ import annotations

import platform
from importlib.metadata import version
from inspect import signature
from typing import Any

import numpy as np

import sklearn_mtl
from sklearn_mtl.inspection._card import CardTable
from sklearn_mtl.tables import FeatureEncoder

RARE_CLASS = 0.02
MANY_MISSING = 0.5
FEW_LABELS = 50
PACKAGES = ("scikit-learn", "torch", "skorch", "numpy")


def columns_of_y(estimator: Any, n_labels: list[int] | None) -> CardTable:
    """Tell kind, labels, sharing, shrinkage and temperature of each column."""
    header = ["column", "kind", "labels", "classes", "sharing", "shrinkage"]
    header.append("temperature")
    counts = estimator.stack_.labels if n_labels is None else n_labels
    rows = []
    for t, task in enumerate(estimator.tasks_):
        rows.append(
            [
                task.name_,
                task.kind,
                f"{counts[t]:.0f}",
                _classes(task),
                estimator.sharing_[t],
                f"{estimator.shrinkage_[t]:.2f}",
                f"{estimator.temperature_[t]:.2f}" if task.is_classifier else "",
            ]
        )
    return CardTable(header, rows)


def _classes(task: Any, most: int = 8) -> str:
    if not task.is_classifier:
        return ""
    shown = [
        f"{label} ({share:.0%})"
        for label, share in zip(task.classes_.tolist(), task.prior_, strict=True)
    ]
    return ", ".join(shown[:most]) + (", ..." if len(shown) > most else "")


def teachers_of_columns(teaching: list[dict[str, Any]]) -> CardTable:
    """Tell what columns have learned from their teachers."""
    header = ["column", *(key.replace("_", " ") for key in list(teaching[0])[1:])]
    rows = [
        [record["column"], *(f"{value:.2f}" for value in list(record.values())[1:])]
        for record in teaching
    ]
    return CardTable(header, rows)


def columns_of_X(encoder: FeatureEncoder) -> str:
    """Count the columns of X by what they hold."""
    counts = {
        "numbers": len(encoder.numeric_),
        "categories": len(encoder.categorical_),
        "dates": len(encoder.dates_),
    }
    said = ", ".join(f"{n} {what}" for what, n in counts.items() if n)
    return (
        f"{len(encoder.column_names_)} columns of X: {said}; encoded as "
        f"{encoder.n_features_out_} features."
    )


def doubts(estimator: Any) -> list[str]:
    """List what may make predictions worse than scores tell, column by column."""
    stack = estimator.stack_
    found = [*_doubts_of_y(estimator), *_doubts_of_X(stack.codings.encoder)]
    if not hasattr(estimator, "oof_score_"):
        found.append(
            "No rows of the table were held out: nothing was calibrated on them."
        )
    return found


def _doubts_of_y(estimator: Any) -> list[str]:
    found = []
    for t, task in enumerate(estimator.tasks_):
        said, n_labels = (
            f"Column {task.name_!r} of y",
            estimator.stack_.labels[t],
        )
        if not n_labels:
            found.append(f"{said} had no label that tells something.")
        elif not task.prior_cost_:
            found.append(f"{said} held one value only, which is predicted everywhere.")
        elif n_labels < FEW_LABELS:
            found.append(f"{said} had few labels that tell something: {n_labels:.0f}.")
        if task.is_classifier and len(task.prior_) > 1:
            found += [
                f"{said}: only {share:.1%} of the labels are {label!r}."
                for label, share in zip(
                    task.classes_.tolist(), task.prior_, strict=True
                )
                if share < RARE_CLASS
            ]
        if estimator.shrinkage_[t] < 1.0:
            found.append(
                f"{said} did not beat its prior on held-out rows: predictions go "
                f"{estimator.shrinkage_[t]:.0%} of the way from it."
            )
    return found


def _doubts_of_X(encoder: FeatureEncoder) -> list[str]:
    found = []
    names = np.array(encoder.number_names_, dtype=object)
    for name in names[encoder.muted_]:
        found.append(f"Column {name!r} of X did not vary, and is not read.")
    for position in np.flatnonzero(encoder.known_ < 1.0 - MANY_MISSING):
        share = 1.0 - encoder.known_[position]
        found.append(
            f"Column {names[position]!r} of X lacked {share:.0%} of its cells."
        )
    for j, levels in zip(encoder.categorical_, encoder.levels_, strict=True):
        if levels.rare:
            found.append(
                f"Column {encoder.column_names_[j]!r} of X has {len(levels.rare)} rare "
                "categories that are read as one."
            )
    return found


def changed_parameters(estimator: Any) -> CardTable:
    """List the parameters that are not at their defaults."""
    defaults = signature(type(estimator).__init__).parameters
    values = estimator.get_params(deep=False)
    changed = [
        [name, repr(value)]
        for name, value in values.items()
        if repr(value) != repr(defaults[name].default)
    ]
    return CardTable(["parameter", "value"], changed)


def versions() -> CardTable:
    """List the versions that stand behind this process."""
    rows = [
        ["Python", platform.python_version()],
        ["sklearn-mtl", sklearn_mtl.__version__],
    ]
    rows += [[name, version(name)] for name in PACKAGES]
    return CardTable(["package", "version"], rows)
