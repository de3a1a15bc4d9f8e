"""
What does each column rest on?
==============================

One net, several columns of ``y``, and each may rest on other columns of ``X``.
``feature_importances`` permutes each input and tells what every column of ``y`` loses,
on rows that members of the net held out of training. This example also shows what it
does not say: inputs that repeat each other hide each other.
"""

# %%
# Simulated buildings: eight numbers of their shape and their windows, two loads. The
# numbers of the shape depend on one another; compactness and surface are nearly the
# same.

import matplotlib.pyplot as plt
import pandas as pd

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.datasets import load_energy_efficiency
from sklearn_mtl.inspection import feature_importances, integrated_gradients
from sklearn_mtl.plotting import FeatureImportancesDisplay

X, y = load_energy_efficiency(return_X_y=True, as_frame=True)
net = MultiTaskNetRegressor(hidden_layer_sizes=(64,), max_iter=60, random_state=0)
net.fit(X, y)
print("correlation of the first two:", X.iloc[:, :2].corr().iloc[0, 1].round(2))

# %%
# One input at a time
# -------------------
#
# How much R² a column of ``y`` loses when an input is permuted. Nothing is fitted anew,
# and no rows need to be set aside: each is asked of the members that held it out.

alone = feature_importances(net, X, y)
lost = pd.DataFrame(alone.importances, alone.feature_names, alone.task_names)
print(lost.round(2).to_string())

# %%
# Inputs that go together
# -----------------------
#
# Permuted alone, one of two twins leaves the other one to answer, and makes buildings
# that cannot be: of one compactness and another surface. Permuted together, by rows,
# inputs keep what they say of each other.

windows = ["glazing_area", "glazing_area_distribution"]
groups = {"shape": [c for c in X.columns if c not in (*windows, "orientation")]}
groups |= {"windows": windows, "orientation": ["orientation"]}
together = feature_importances(net, X, y, features=groups)
lost = pd.DataFrame(together.importances, together.feature_names, together.task_names)
print(lost.round(2).to_string())

# %%
# Left: one at a time. Right: those together that go together, on another scale: a loss
# above 1 means predictions that are worse than the mean. Lines are intervals over rows.

figure, axes = plt.subplots(
    1, 2, figsize=(9.4, 3.8), width_ratios=(1.3, 1), layout="constrained"
)
FeatureImportancesDisplay(alone).plot(ax=axes[0])
FeatureImportancesDisplay(together).plot(ax=axes[1])
axes[0].set_title("permuted one at a time")
axes[1].set_title("permuted together")
plt.show()

# %%
# One building
# ------------
#
# What moved the prediction of one row away from that of the mean building, in the units
# of ``y``. It sums to the difference.

row = X.iloc[[100]]
moved = integrated_gradients(net, row)
added = pd.DataFrame([one[0] for one in moved.attributions], y.columns, X.columns).T
print(added.round(2).to_string())
print("sum:", added.sum().round(2).tolist(), "\nprediction:", net.predict(row).round(2))

# %%
# What to learn from it
# ---------------------
#
# - It is a property of this net on these rows. A low dot does not say that an input is
#   useless; its twin may do its work.
# - Twins are best permuted together, or one of them left out and the net fitted again.
# - It is no effect: that the load would change if a building were built otherwise does
#   not follow.
# - A column of ``y`` that the net predicts badly has nothing to lose. Look at its
#   ``skill`` first.
