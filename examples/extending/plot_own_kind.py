"""
A kind of your own: directions of the wind
==========================================

359 degrees and 1 degree are neighbours, but not to a regression. What a column means is
one small class, so that a direction becomes a kind: two outputs, a point in the plane,
whose angle is the prediction. It stands in one ``y`` beside plain numbers.
"""

# %%
# A year of weather, made: the pressure in two places and its change say where the wind
# comes from, and how strong it is.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.tasks import Task

rng = np.random.default_rng(0)
n = 1000
X = pd.DataFrame(rng.normal(size=(n, 3)), columns=["west", "south", "change"])
east, north = X["west"] + 0.3 * X["change"], X["south"] + 0.5
angle = np.degrees(np.arctan2(east, north)) + rng.normal(0, 12, n)
y = pd.DataFrame({"direction": angle % 360, "strength": 5 * np.hypot(east, north)})
y["strength"] += rng.normal(size=n)
y = y.mask(rng.random(y.shape) < 0.2)

# %%
# The kind
# --------
#
# - A code is the angle. The two raw outputs are to be its cosine and its sine.
# - The loss is half of the squared distance to that point of the circle. A constant
#   output is best at the mean of the points: that is the prior, and its cost follows.
# - Members are averaged as points, not as angles: the mean of 359 and 1 is 0, not 180.
# - ``score`` is the mean cosine of the error: 1 is perfect, 0 is chance.


class Direction(Task):
    """Angles in degrees, of which 0 and 360 are the same."""

    kind = "direction"

    def fit(self, column, weight):
        self.name_, self.n_outputs_ = column.name, 2
        self.prior_raw_, self.prior_cost_ = np.zeros(2), 0.0
        counts = weight > 0
        if counts.any():
            angles = np.radians(column.values[counts].astype(float))
            points = np.column_stack([np.cos(angles), np.sin(angles)])
            self.prior_raw_ = np.average(points, axis=0, weights=weight[counts])
            self.prior_cost_ = 0.5 * (1 - np.sum(self.prior_raw_**2))
        return self

    def encode(self, column):
        values = np.where(column.missing, np.nan, column.values)
        return np.radians(values.astype(float))

    @staticmethod
    def loss(raw, codes):
        point = torch.stack([codes.cos(), codes.sin()], dim=-1)
        return 0.5 * (raw - point).square().sum(dim=-1)

    def response(self, raw):
        return raw

    def predict(self, response):
        return np.degrees(np.arctan2(response[:, 1], response[:, 0])) % 360

    def score(self, labels, predictions, sample_weight=None):
        error = np.radians(labels - predictions)
        return float(np.average(np.cos(error), weights=sample_weight))


# %%
# Beside a plain regression
# -------------------------

train, test = slice(0, 600), slice(600, None)
nets = {
    kind: MultiTaskNetEstimator(
        hidden_layer_sizes=(32,),
        task_types={"direction": task},
        max_iter=60,
        random_state=0,
    ).fit(X[train], y[train])
    for kind, task in {"regression": "regression", "own kind": Direction()}.items()
}
print(nets["own kind"].tasks_)

truth = y[test]["direction"]
predicted = {kind: net.predict(X[test])["direction"] for kind, net in nets.items()}
for kind, directions in predicted.items():
    error = ((directions - truth + 180) % 360 - 180).abs()
    print(
        f"{kind:<11} off by {error.mean():.0f} degrees, beyond 90: {(error > 90).sum()}"
    )

# %%
# Directions that were predicted, over the true ones. The regression takes the mean of
# what cannot be averaged: near north, where 0 and 360 meet, it predicts any direction,
# and south as readily as north.

figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.8), sharey=True, layout="constrained")
for ax, (kind, directions) in zip(axes, predicted.items(), strict=True):
    ax.plot([0, 360], [0, 360], "--", color="0.6", linewidth=1)
    color = "#0072B2" if kind == "own kind" else "#E69F00"
    ax.scatter(truth, directions, s=10, color=color, alpha=0.6)
    compass = {0: "N", 90: "E", 180: "S", 270: "W", 360: "N"}
    ax.set_xticks(list(compass), list(compass.values()))
    ax.set_yticks(list(compass), list(compass.values()))
    ax.set(title=kind, xlabel="true direction", aspect="equal")
    ax.grid(alpha=0.3)
axes[0].set_ylabel("predicted direction")
plt.show()

# %%
# What to learn from it
# ---------------------
#
# - Gaps, weights, members, early stopping and views of one column needed nothing from
#   the kind.
# - Intervals do not follow by themselves: they take differences of numbers, and know
#   nothing of the circle unless the kind defines ``residual``.
# - To save such a net, define the class in a module; :doc:`/own-kinds` has the
#   contract.
