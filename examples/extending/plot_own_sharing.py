"""
A way of sharing of your own: each column picks its units
=========================================================

Between one trunk for all and a network for each column lies much that nobody has tried
on your table. A way of sharing is one class that maps features to the units that heads
read. Here each column masks the units of one trunk, and the masks show which columns
are alike.
"""

# %%
# Two families of columns
# -----------------------
#
# Made data: three columns that see one function of ``X``, and three that see another
# one.

import matplotlib.pyplot as plt
import numpy as np
import torch

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.datasets import make_multitask
from sklearn_mtl.nn import Sharing

params = {"n_tasks": 3, "relatedness": 0.95, "noise": 0.3, "random_state": 0}
X, first = make_multitask(600, 8, **params)
_, second = make_multitask(600, 8, n_factors=6, **params)
y = np.hstack([first, second])
names = ["a1", "a2", "a3", "b1", "b2", "b3"]
print(np.corrcoef(y.T).round(1))

# %%
# The class
# ---------
#
# Every tensor carries an axis of members in front, as all members train at once: K
# members, B rows, T columns of y, h units. ``forward`` gives each column units of its
# own, (K, T, B, h), and ``by_task`` says so. All masks start half open.


class Masked(Sharing):
    """One trunk, of which each column of y masks the units."""

    of_members = ()

    def __init__(self, sharpness=4.0):
        super().__init__()
        self.sharpness = sharpness

    def setup(self, *, n_members, n_tasks, n_features, sizes, hidden):
        self.trunk = hidden.layer((n_members,), n_features, sizes[-1])
        self.mask = torch.nn.Parameter(torch.zeros(n_members, n_tasks, sizes[-1]))
        self.n_units, self.by_task = sizes[-1], True

    def open_share(self):
        return (self.sharpness * self.mask).sigmoid()

    def forward(self, features):
        units = self.trunk(features)
        return units.unsqueeze(1) * self.open_share().unsqueeze(2)

    def shared_parameters(self):
        return self.trunk.named_parameters(prefix="trunk")


# %%
# It goes in where "hard" or "none" would, into searches as well: ``sharing__sharpness``
# is one of the parameters.

train, test = slice(0, 250), slice(250, None)
ways = {"none": "none", "hard": "hard", "masked": Masked()}
nets = {
    name: MultiTaskNetRegressor(
        hidden_layer_sizes=(32,),
        sharing=way,
        own_nets="never",
        n_bins=0,
        n_members=4,
        learning_rate_init=0.01,
        max_iter=100,
        random_state=0,
    ).fit(X[train], y[train])
    for name, way in ways.items()
}
for name, net in nets.items():
    print(f"sharing={name:<7} R² of new rows {net.score(X[test], y[test]):.3f}")

# %%
# What the masks say
# ------------------
#
# Left: how far the masks of one member are open, units in the order of what the two
# families make of them. Right: how alike the masks of two columns are, over all
# members.

masks = nets["masked"].net_.module_.sharing.open_share().detach().numpy()
alike = np.corrcoef(np.hstack(list(masks)))

figure, axes = plt.subplots(
    1, 2, figsize=(9.4, 3.4), width_ratios=(1.6, 1), layout="constrained"
)
member = masks[0]
order = np.argsort(member[:3].mean(axis=0) - member[3:].mean(axis=0))
shown = axes[0].imshow(member[:, order], cmap="cividis", vmin=0, vmax=1, aspect="auto")
axes[0].set(xlabel="units of the trunk", ylabel="column of y", xticks=[])
axes[0].set_yticks(range(6), names)
figure.colorbar(shown, ax=axes[0], label="open")
pairs = axes[1].imshow(alike, cmap="PuOr", vmin=-1, vmax=1)
axes[1].set_xticks(range(6), names)
axes[1].set_yticks(range(6), names)
axes[1].set_title("correlation of masks")
figure.colorbar(pairs, ax=axes[1])
plt.show()

# %%
# What to learn from it
# ---------------------
#
# - A dozen lines are a way of sharing; heads, stopping, intervals and files come with
#   it.
# - The masks tell the families apart without being told of them. That is a picture of
#   this net, not a test: two nets may share units in other ways and predict alike.
# - A way of one's own has to earn its place. Compare it with "hard" and "none" on rows
#   that were put aside, as above; :func:`~sklearn_mtl.inspection.compare_sharing` does
#   so by column, with intervals.
