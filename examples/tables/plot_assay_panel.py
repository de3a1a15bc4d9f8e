"""
Molecules in an assay panel: random rows promise too much
=========================================================

A panel of assays is a table with many gaps: most molecules were measured in a few
assays only. It is also a table whose rows belong together: molecules of one scaffold
are alike, and what is asked for is the next scaffold. This example holds out rows at
random and by scaffold, and compares what each promises with what new scaffolds show.
"""

# %%
# The panel
# ---------
#
# Made data, so that the truth is known. A molecule is a scaffold with substituents,
# seen as bits of a fingerprint. Potency in six assays comes from the substituents,
# which act alike everywhere, and from the scaffold, about which other scaffolds say
# nothing. Two of three measurements are missing.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.metrics import task_scores
from sklearn_mtl.model_selection import MultiTaskStratifiedGroupKFold

rng = np.random.default_rng(0)
n_scaffolds, n_molecules, n_assays = 50, 600, 6
assays = [f"assay {letter}" for letter in "ABCDEF"]
scaffold = rng.integers(n_scaffolds, size=n_molecules)
scaffold_bits = rng.random((n_scaffolds, 40)) < 0.3
substituents = rng.random((n_molecules, 20)) < 0.3

X = np.hstack([scaffold_bits[scaffold], substituents]).astype(float)
in_common = rng.normal(size=(20, 1))
effect_of_substituents = in_common + 0.5 * rng.normal(size=(20, n_assays))
effect_of_scaffold = 1.5 * rng.normal(size=(n_scaffolds, n_assays))
potency = 6 + substituents @ effect_of_substituents + effect_of_scaffold[scaffold]
potency += 0.5 * rng.normal(size=potency.shape)
y = pd.DataFrame(potency, columns=assays).mask(rng.random(potency.shape) < 2 / 3)
print(y.round(1).head().to_string(na_rep="-"))

# %%
# New scaffolds are put aside
# ---------------------------
#
# :class:`~sklearn_mtl.model_selection.MultiTaskStratifiedGroupKFold` keeps each
# scaffold whole and gives every part its share of the measurements of each assay. One
# part of four plays the scaffolds of next year.

splitter = MultiTaskStratifiedGroupKFold(4, shuffle=True, random_state=0)
now, later = next(splitter.split(X, y, scaffold))
y_now, y_later = y.iloc[now], y.iloc[later]
print(f"{len(set(scaffold[now]))} scaffolds now, {len(set(scaffold[later]))} later")

# %%
# Two nets that differ in the rows that they hold out
# ---------------------------------------------------
#
# Each member of a net holds out a fold. Predictions of held-out rows are
# ``oof_predictions_``: what the net promises. Without ``groups``, molecules of the same
# scaffold are on both sides.

net = MultiTaskNetRegressor(hidden_layer_sizes=(64,), random_state=0)
nets = {
    "random rows": net,
    "whole scaffolds": MultiTaskNetRegressor(**net.get_params()),
}
nets["random rows"].fit(X[now], y_now)
nets["whole scaffolds"].fit(X[now], y_now, groups=scaffold[now])


def r2(truth: pd.DataFrame, predictions: pd.DataFrame) -> np.ndarray:
    return np.array([row["r2"] for row in task_scores(truth, predictions)])


def share_held(truth: pd.DataFrame, net: MultiTaskNetRegressor, rows: np.ndarray):
    lower, upper = net.predict_interval(rows, coverage=0.9)
    held = (lower <= truth) & (truth <= upper)
    return held.to_numpy()[truth.notna()].mean()


promised = {name: r2(y_now, net.oof_predictions_) for name, net in nets.items()}
shown = {name: r2(y_later, net.predict(X[later])) for name, net in nets.items()}
print(f"{'held out':<16} {'promised':>9} {'shown':>6} {'90 % intervals hold':>20}")
for name, net in nets.items():
    held = share_held(y_later, net, X[later])
    means = promised[name].mean(), shown[name].mean()
    print(f"{name:<16} {means[0]:>9.2f} {means[1]:>6.2f} {held:>20.0%}")

# %%
# Promise and truth, assay by assay
# ---------------------------------
#
# Each line leads from what a net promised to what new scaffolds showed.

figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True, layout="constrained")
rows = np.arange(n_assays)[::-1]
for ax, name in zip(axes, nets, strict=True):
    ax.hlines(rows, promised[name], shown[name], color="0.7", linewidth=2, zorder=1)
    ax.scatter(promised[name], rows, s=60, color="#E69F00", label="promised")
    ax.scatter(shown[name], rows, s=60, color="#0072B2", marker="D", label="shown")
    ax.set_xlim(min(0, *map(min, shown.values())) - 0.05, 1)
    ax.set(title=f"held out: {name}", xlabel="R²")
    ax.grid(axis="x", alpha=0.3)
axes[0].set_yticks(rows, assays)
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right", frameon=False)
plt.show()

# %%
# What to learn from it
# ---------------------
#
# - Held out at random, the net promises what it knows of scaffolds that it has met.
#   Held out by scaffold, it promises what it delivers, and its intervals are as wide as
#   new scaffolds need.
# - The nets predict new scaffolds about equally well here: ``groups`` mends the promise
#   first of all. Where a net learns groups by heart for long, it mends the net too,
#   since training stops in time; see :ref:`groups`.
# - It does not say that random rows are wrong. For more molecules of *known* scaffolds
#   they ask the right question.
