"""
Grades known so far, grades to come
===================================

Pupils take three exams a year. Before the year begins, a network predicts all three
grades from what is known of school and home. When the first grade is there, it says
more about the others than all the rest. No second model has to be trained for that: how
grades depend on each other is learned from rows that the network's members held out.
"""

# %%
# One network for all columns
# ---------------------------
#
# The grades G1, G2 and G3 (0 to 20), and whether the pupil wants higher education.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.datasets import load_student_performance
from sklearn_mtl.model_selection import multitask_train_test_split
from sklearn_mtl.plotting import ResidualDependenceDisplay

X, y = load_student_performance(return_X_y=True, as_frame=True)
y = y[["G1", "G2", "G3", "higher"]]
X_train, X_test, y_train, y_test = multitask_train_test_split(
    X, y, test_size=0.3, random_state=0
)
net = MultiTaskNetEstimator(random_state=0).fit(X_train, y_train)

# %%
# What the columns say of each other
# ----------------------------------
#
# A pupil who does better in the first exam than school and home let expect does better
# in the later ones, too. This is what is left once X has explained what it can.

figure, ax = plt.subplots(layout="constrained")
display = ResidualDependenceDisplay.from_estimator(net, ax=ax)

# %%
# Grades become known
# -------------------
#
# ``y_known`` takes the columns that are known by now. How far is the last grade from
# what is predicted of it?

stages = {
    "before the year": None,
    "after G1": ["G1"],
    "after G1 and G2": ["G1", "G2"],
}
errors = {}
for stage, known in stages.items():
    told = None if known is None else y_test[known]
    predicted = net.predict(X_test, y_known=told)
    errors[stage] = (predicted["G3"] - y_test["G3"]).abs().mean()
print(pd.Series(errors, name="mean error of G3").round(2))

# %%
# Three pupils
# ------------
#
# Draws of all columns together give the distribution of what is to come. The line marks
# the grade that the pupil got in the end.

pupils = y_test.sort_values("G1").index[[15, 97, -10]]
figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), sharey=True, layout="constrained")
for ax, pupil in zip(axes, pupils, strict=True):
    row, grades = X_test.loc[[pupil]], y_test.loc[[pupil]]
    drawn = []
    for known in stages.values():
        told = None if known is None else grades[known]
        drawn.append(net.sample_y(row, 2000, y_known=told)["G3"].to_numpy())
    ax.violinplot(drawn, showextrema=False, showmedians=True)
    ax.axhline(grades["G3"].iloc[0], color="tab:red", linewidth=1)
    ax.set_title(f"G1 = {grades['G1'].iloc[0]:.0f}, G2 = {grades['G2'].iloc[0]:.0f}")
    ax.set_xticks([1, 2, 3], ["nothing\nknown", "G1", "G1, G2"])
axes[0].set_ylabel("G3")

# %%
# The probability of an event is its share of the draws, of one column or of several:
# that the last grade is at least 10 and the pupil goes on to higher education.

drawn = net.sample_y(X_test, 500, y_known=y_test[["G1"]])
event = (drawn["G3"] >= 10) & (drawn["higher"] == "yes")
probability = event.groupby(level=1).mean().reindex(X_test.index)
happened = (y_test["G3"] >= 10) & (y_test["higher"] == "yes")
sure = np.where(probability > 0.5, "likely", "unlikely")
print(happened.groupby(sure).mean().round(2))
plt.show()
