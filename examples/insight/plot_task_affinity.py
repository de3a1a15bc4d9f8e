"""
Which column helps which?
=========================

Columns of one table may help each other, or leave each other alone. This example asks
eight columns of the student performance table what they do for each other while one
network learns them all, and which of them to train together.
"""

# %%
# The table
# ---------
#
# Three grades, two drinking habits, and three columns about school and home: numbers,
# levels and classes side by side.

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.datasets import load_student_performance
from sklearn_mtl.inspection import suggest_groups, task_affinity
from sklearn_mtl.plotting import TaskAffinityDisplay

X, y = load_student_performance(return_X_y=True, as_frame=True)
print(y.head())

# %%
# Angles of gradients
# -------------------
#
# One network learns all columns. Before each epoch, the gradients of the columns in the
# shared layers are compared on one batch: a cosine above 0 says that a step for one
# column serves the other one too.

net = MultiTaskNetEstimator(hidden_layer_sizes=(64,), random_state=0)
gradient = task_affinity(net, X, y, method="gradient")
TaskAffinityDisplay(gradient).plot()

# %%
# The grades stand out: what is learned of one serves the others.
#
# Groups
# ------
#
# Columns that help each other most are merged first. ``n_groups`` says when to stop.

for group in suggest_groups(gradient, n_groups=4):
    print(", ".join(group))

# %%
# Looking ahead
# -------------
#
# The same question in units of the loss: what share of the loss of one column does a
# step on another one remove? Unlike angles, this need not be the same both ways.

lookahead = task_affinity(net, X, y, method="lookahead")
display = TaskAffinityDisplay(lookahead, n_groups=4).plot()
