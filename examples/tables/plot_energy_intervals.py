"""
Energy loads: predictions with intervals
========================================

A prediction that is to size a heating system needs a range with it. Members of a net
hold out rows while they train; what they say of these gives intervals with a coverage
that is asked for, for each column of ``y``. This example counts whether it is kept: on
the whole, column by column, and where it need not be.
"""

# %%
# Simulated buildings, with their loads of heating and of cooling. Half of them are put
# aside.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.datasets import load_energy_efficiency

X, y = load_energy_efficiency(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, random_state=0)
net = MultiTaskNetRegressor(hidden_layer_sizes=(64,), max_iter=60, random_state=0)
net.fit(X_train, y_train)
print(y.describe().loc[["min", "mean", "max"]].round(1).to_string())

# %%
# Coverage that was asked for, and coverage that was found. No fit is needed for another
# one. ``method="fold"``, the default, asks the members of one fold about each row;
# ``method="cv+"`` asks all of them, and its intervals are to hold as much or more.

methods = ("fold", "cv+")
asked = np.array([0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
found, width = {}, {}
for method in methods:
    for coverage in asked:
        lower, upper = net.predict_interval(X_test, coverage, method=method)
        found[method, coverage] = ((lower <= y_test) & (y_test <= upper)).mean()
        width[method, coverage] = (upper - lower).mean()
found, width = pd.DataFrame(found).T, pd.DataFrame(width).T
print(pd.concat({"held": found, "mean width": width}, axis=1).round(2).to_string())

# %%
# Left: 40 of the buildings with their intervals of 90 %. Right: what was asked for and
# what was found; the grey band is where nine of ten counts fall by chance alone, with
# as many buildings as were put aside.

colors = dict(zip(y.columns, ("#D55E00", "#0072B2"), strict=True))
figure, axes = plt.subplots(
    1, 2, figsize=(9.4, 3.8), width_ratios=(1.6, 1), layout="constrained"
)
lower, upper = net.predict_interval(X_test, coverage=0.9)
shown = y_test.iloc[:40].sort_values(y.columns[0]).index
for offset, (name, color) in zip((-0.18, 0.18), colors.items(), strict=True):
    place = np.arange(len(shown)) + offset
    bounds = lower.loc[shown, name], upper.loc[shown, name]
    axes[0].vlines(place, *bounds, color=color, linewidth=2.5, alpha=0.5)
    label = name.replace("_", " ")
    axes[0].plot(place, y_test.loc[shown, name], "o", ms=3, color=color, label=label)
    for method, look in zip(methods, ("o-", "s:"), strict=True):
        line = {"color": color, "ms": 4, "label": f"{label}, {method}"}
        axes[1].plot(asked, found.loc[method, name], look, **line)
axes[0].set(xlabel="buildings, by heating load", ylabel="load", xticks=[])
axes[0].legend(frameon=False)

by_chance = 1.645 * np.sqrt(asked * (1 - asked) / len(y_test))
axes[1].fill_between(asked, asked - by_chance, asked + by_chance, color="0.9")
axes[1].plot(asked, asked, color="0.5", linewidth=1)
axes[1].set(xlabel="coverage asked for", ylabel="share of labels held")
axes[1].legend(frameon=False, fontsize=8)
plt.show()

# %%
# Coverage is kept on average over rows like those of ``fit``. Within parts of the table
# it need not be: errors are larger where loads are high.

high = y_test.iloc[:, 0] > y_test.iloc[:, 0].median()
held = ((lower <= y_test) & (y_test <= upper)).groupby(
    high.map({True: "high", False: "low"})
)
print(held.mean().round(2).rename_axis("heating load").to_string())

# %%
# What to learn from it
# ---------------------
#
# - Each column has intervals of its own width, from its own errors.
# - The coverage does not ask for a good net; a better net has shorter intervals.
# - On a few hundred rows, ``"fold"`` may hold some per cent less than was asked, as the
#   held-out rows also chose when training stopped. Where too little is worse than too
#   wide, take ``"cv+"``; where it matters, put rows aside and count, as here.
# - It does not hold building by building. Where noise differs between rows, a kind that
#   learns it (``task_types="heteroscedastic"``) makes quiet rows short and loud rows
#   long.
# - Nor does it hold for buildings of another sort than those of ``fit``.
