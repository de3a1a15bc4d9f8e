"""
Draw new rows, and score how odd a row is
=========================================

With a variational autoencoder under the heads, the net knows a distribution of ``X`` as
well: ``sample`` draws rows as tables, and ``score_samples`` says how likely a row is.
This example compares drawn rows with true ones, and finds rows in which something is
wrong.
"""

# %%
# Simulated buildings: eight numbers, most of which depend on one another, as they are
# of one shape, and two loads.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.datasets import load_energy_efficiency
from sklearn_mtl.nn import VariationalAutoencoder

X, y = load_energy_efficiency(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, random_state=0)
net = MultiTaskNetEstimator(
    hidden_layer_sizes=(64, 6),
    reconstruction=VariationalAutoencoder(),
    n_members=2,
    n_bins=0,
    dropout=0.0,
    alpha=0.0,
    learning_rate_init=0.01,
    max_iter=150,
    random_state=0,
)
net.fit(X_train, y_train)
drawn = net.sample(len(X_test), random_state=0)
print(drawn.head().round(2).to_string())

# %%
# Are drawn rows like true ones?
# ------------------------------
#
# Column by column, and in what columns say of each other.

numbers = {
    "mean height": lambda table: table["overall_height"].mean(),
    "deviation of the height": lambda table: table["overall_height"].std(),
    "compactness with surface": lambda table: table.corr().iloc[0, 1],
    "wall with roof area": lambda table: table.corr().iloc[2, 3],
}
print(f"{'':<26} {'true':>6} {'drawn':>6}")
for name, number in numbers.items():
    print(f"{name:<26} {number(X_test):>6.2f} {number(drawn):>6.2f}")

# %%
# Rows in which something is wrong
# --------------------------------
#
# One cell of each row is that of another row: every cell is usual by itself, but not
# beside the others. How well does the density tell such rows from true ones?

rng = np.random.default_rng(0)
order = rng.permutation(len(X_test))
usual = net.score_samples(X_test)
scores = {"as they are": usual}
for column in ("surface_area", "glazing_area", "orientation"):
    wrong = X_test.assign(**{column: X_test[column].to_numpy()[order]})
    scores[f"another {column.replace('_', ' ')}"] = net.score_samples(wrong)
for name, score in list(scores.items())[1:]:
    labels = np.repeat([0, 1], [len(usual), len(score)])
    auc = roc_auc_score(labels, -np.concatenate([usual, score]))
    print(f"{name:<22} ROC AUC {auc:.2f}")

# %%
# Left: two columns that depend on one another, in true and in drawn rows. Right: the
# share of rows below each log-density; lines far to the left are rows that look wrong.

figure, axes = plt.subplots(1, 2, figsize=(9.4, 3.8), layout="constrained")
pair = ["surface_area", "wall_area"]
for table, name, color, size in (
    (drawn, "drawn", "#0072B2", 10),
    (X_test, "true", "#D55E00", 40),
):
    style = {"s": size, "facecolors": color if name == "drawn" else "none"}
    axes[0].scatter(*table[pair].to_numpy().T, edgecolors=color, label=name, **style)
axes[0].set(xlabel="surface area", ylabel="wall area")
axes[0].legend(frameon=False)

looks = (("0.4", "-"), ("#D55E00", ":"), ("#0072B2", "--"), ("#009E73", "-."))
for (name, score), (color, line) in zip(scores.items(), looks, strict=True):
    axes[1].ecdf(score, label=name, color=color, linestyle=line, linewidth=2)
axes[1].set_xlim(np.quantile(usual, 0.01) - 30, usual.max() + 1)
axes[1].set(xlabel="log-density", ylabel="share of rows that have less")
axes[1].legend(frameon=False, fontsize=8)
plt.show()

# %%
# What to learn from it
# ---------------------
#
# - Drawn rows have the columns and types of ``X`` and follow what its columns say of
#   each other. They are smoother than the table: where it holds few values, draws lie
#   between them, and some beyond its range.
# - A wrong cell shows as far as other columns say something about it. An orientation
#   says nothing of the rest, so that another one is as usual as the true one.
# - Drawn rows are not anonymous by that: nothing here promises that no row was learned
#   by heart. And they bear whatever bias the table bears.
