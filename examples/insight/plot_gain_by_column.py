"""
What does each column gain from sharing?
========================================

One network for all columns is not better for all of them. Columns with few labels learn
from their like; a column that is like no other may pay for it. This example measures
it, column by column, and shows what the estimator does about it by itself.
"""

# %%
# Seven columns
# -------------
#
# Made data: six columns see much the same function of ``X``, and the last one a
# function of its own. In the first three, labels are rare.

import numpy as np

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.datasets import make_multitask
from sklearn_mtl.inspection import compare_single_task
from sklearn_mtl.plotting import TaskComparisonDisplay

X, y = make_multitask(
    800, 8, n_tasks=6, relatedness=0.95, noise=0.5, as_frame=True, random_state=0
)
y.columns = ["rare 1", "rare 2", "rare 3", "alike 1", "alike 2", "alike 3"]
rng = np.random.default_rng(0)
rare = y.columns[:3]
y[rare] = y[rare].mask(rng.random((len(y), 3)) < 0.9)
inputs = X.to_numpy()
y["unlike"] = inputs[:, 6] + np.abs(inputs[:, 7]) + 0.3 * rng.normal(size=len(y))
print(y.notna().sum().to_string())

# %%
# With and without
# ----------------
#
# The same folds, the same narrow network, once for all columns and once for each:
# members of one stack, trained in one pass. The interval of each difference allows for
# training sets that overlap.

net = MultiTaskNetEstimator(
    hidden_layer_sizes=(8,),
    n_members=2,
    n_bins=0,
    max_iter=100,
    random_state=0,
)
found = compare_single_task(net, X, y, cv=5)
TaskComparisonDisplay(found).plot()

# %%
# The numbers behind the dots, with the verdict: on which side of 0 the interval is.

print(f"{'':<8} {'alone':>6} {'shared':>7}  verdict")
skills = zip(y.columns, found.single, found.multi, found.verdict, strict=True)
for name, alone, shared, verdict in skills:
    print(f"{name:<8} {alone:>6.2f} {shared:>7.2f}  {verdict}")

# %%
# What to learn from it
# ---------------------
#
# - Gain is a matter of columns, not of tables: related columns with few labels gain
#   most.
# - "Unclear" is an answer: the folds do not tell the difference from chance. More
#   folds, or more rows, may.
# - A mean over columns hides both. Look at the columns that matter to you.
# - What helps is asked with this network. Eight units are little room for two
#   functions, and width is the first remedy: try ``hidden_layer_sizes=(32,)``. What
#   remains of a loss is what the estimator looks for by itself: a column that the others
#   hold back goes on alone (``own_nets="auto"``), and ``sharing_`` says which did. It is
#   a cautious rule.
# - Which columns help each other is another question:
#   :ref:`sphx_glr_gallery_insight_plot_task_affinity.py`.
