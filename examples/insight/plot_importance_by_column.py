"""
What does each column rest on?
==============================

One net, several columns of ``y``, and each may rest on other columns of ``X``. A view
of one column is an estimator of scikit-learn, so that ``permutation_importance`` reads
it. This example also shows what it does not say: inputs that repeat each other hide
each other.
"""

# %%
# Simulated buildings: eight numbers of their shape and their windows, two loads. The
# numbers of the shape depend on one another; compactness and surface are nearly the
# same.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.inspection import permutation_importance
from sklearn.model_selection import train_test_split

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.datasets import load_energy_efficiency

X, y = load_energy_efficiency(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, random_state=0)
net = MultiTaskNetRegressor(hidden_layer_sizes=(64,), max_iter=60, random_state=0)
net.fit(X_train, y_train)
print("correlation of the first two:", X.iloc[:, :2].corr().iloc[0, 1].round(2))

# %%
# One input at a time
# -------------------
#
# How much R² a column of ``y`` loses when an input is shuffled, on rows that were not
# trained on. Nothing is fitted anew.

importance, deviation = pd.DataFrame(index=X.columns), pd.DataFrame(index=X.columns)
for name, view in net.named_estimators_.items():
    result = permutation_importance(
        view, X_test, y_test[name], n_repeats=10, random_state=0
    )
    importance[name] = result.importances_mean
    deviation[name] = result.importances_std
print(importance.round(2).to_string())

# %%
# Inputs that go together
# -----------------------
#
# Shuffled alone, one of two twins leaves the other one to answer, and makes buildings
# that cannot be: of one compactness and another surface. Shuffled together, by rows,
# inputs keep what they say of each other.

windows = ["glazing_area", "glazing_area_distribution"]
groups = {"shape": [c for c in X.columns if c not in (*windows, "orientation")]}
groups |= {"windows": windows, "orientation": ["orientation"]}


def loss_of_r2(view, truth: pd.Series, inputs: list[str], n_repeats: int = 10):
    """Return what is lost when `inputs` are shuffled together, once a repeat."""
    rng = np.random.default_rng(0)
    whole, lost = view.score(X_test, truth), []
    for _ in range(n_repeats):
        shuffled = X_test.copy()
        shuffled[inputs] = X_test[inputs].to_numpy()[rng.permutation(len(X_test))]
        lost.append(whole - view.score(shuffled, truth))
    return np.mean(lost), np.std(lost)


together, spread = pd.DataFrame(index=groups), pd.DataFrame(index=groups)
for name, view in net.named_estimators_.items():
    for group, inputs in groups.items():
        lost = loss_of_r2(view, y_test[name], inputs)
        together.loc[group, name], spread.loc[group, name] = lost
print(together.round(2).to_string())

# %%
# Left: one at a time. Right: those together that go together, on another scale: a loss
# above 1 means predictions that are worse than the mean.

figure, axes = plt.subplots(
    1, 2, figsize=(9.4, 3.8), width_ratios=(1.3, 1), layout="constrained"
)
parts = ((axes[0], importance, deviation), (axes[1], together, spread))
for ax, mean, std in parts:
    mean = mean.rename(index=lambda name: name.replace("_", " "))
    std = std.set_axis(mean.index)
    mean = mean.rename(columns=lambda name: name.replace("_", " "))
    std = std.set_axis(mean.columns, axis=1)
    colors = ["#D55E00", "#0072B2"]
    mean.plot.barh(ax=ax, xerr=std, color=colors, width=0.75, legend=False)
    ax.invert_yaxis()
    ax.set_xlabel("R² that is lost")
    ax.grid(axis="x", alpha=0.3)
axes[0].set_title("shuffled one at a time")
axes[1].set_title("shuffled together")
axes[1].legend(frameon=False, loc="lower right")
plt.show()

# %%
# What to learn from it
# ---------------------
#
# - It is a property of this net on these rows. A low bar does not say that an input is
#   useless; its twin may do its work.
# - Twins are best shuffled together, or one of them left out and the net fitted again.
# - It is no effect: that the load would change if a building were built otherwise does
#   not follow.
# - A column of ``y`` that the net predicts badly has nothing to lose. Look at its score
#   first.
