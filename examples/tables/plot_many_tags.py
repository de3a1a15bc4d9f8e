"""
Many tags: rank them, and trust their probabilities
===================================================

A document, a picture or a song bears some tags of many. In a table this is a ``y`` of
zeros and ones with a column a tag, which the net learns at once. This example proposes
the likeliest tags and asks whether a probability of 0.3 means three of ten.
"""

# %%
# Made documents of 50 words' counts, with 20 tags that differ in how often they occur.
# Some were not asked for every tag: a quarter of the training labels is missing.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import (
    coverage_error,
    label_ranking_average_precision_score,
)
from sklearn.model_selection import train_test_split

from sklearn_mtl import MultiTaskNetClassifier

X, tags = make_multilabel_classification(
    2000, 50, n_classes=20, n_labels=3, length=60, random_state=0
)
X_train, X_test, train_tags, y_test = train_test_split(
    X, tags, test_size=0.5, random_state=0
)
y_train = train_tags.astype(float)
y_train[np.random.default_rng(0).random(y_train.shape) < 0.25] = np.nan

# %%
# ``predict_proba`` has an entry a column, as elsewhere in scikit-learn. Missing labels
# take no part; no row is dropped.

net = MultiTaskNetClassifier(hidden_layer_sizes=(64,), max_iter=60, random_state=0)
net.fit(X_train, y_train)
proba = np.column_stack([column[:, 1] for column in net.predict_proba(X_test)])
print("tags of the first document:", np.flatnonzero(y_test[0]).tolist())
print("the five likeliest:        ", np.argsort(-proba[0])[:5].tolist())

# %%
# Ranking
# -------
#
# scikit-learn's metrics of ranking read the table of probabilities. Beside it stands
# the same order for every document, that of how often tags occur.

frequency = np.broadcast_to(np.nanmean(y_train, axis=0), proba.shape)
orders = {"net": proba, "most frequent first": frequency}
print(f"{'':<20} {'ranking precision':>18} {'tags to read':>13}")
for name, score in orders.items():
    precision = label_ranking_average_precision_score(y_test, score)
    print(f"{name:<20} {precision:>18.2f} {coverage_error(y_test, score):>13.1f}")

# %%
# Proposals and probabilities
# ---------------------------
#
# Left: of the tags that a document bears, how many are among the k proposed ones.
# Right: all tags of all documents, in ten parts by their probability.


def share_found(score: np.ndarray) -> list[float]:
    order = np.argsort(-score, axis=1)
    found = np.take_along_axis(y_test, order, axis=1).cumsum(axis=1)
    return found.sum(axis=0) / y_test.sum()


looks = {"net": ("#0072B2", "-"), "most frequent first": ("#E69F00", "--")}
figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
for name, score in orders.items():
    color, line = looks[name]
    ranks = range(1, score.shape[1] + 1)
    axes[0].plot(ranks, share_found(score), line, color=color, label=name)
axes[0].set(xlabel="tags proposed", ylabel="share of all tags found", ylim=(0, 1.02))
axes[0].set_xticks([1, 5, 10, 15, 20])
axes[0].legend(frameon=False, loc="lower right")
axes[0].grid(alpha=0.3)

occurs, said = calibration_curve(y_test.ravel(), proba.ravel(), n_bins=10)
axes[1].plot([0, 1], [0, 1], "--", color="0.5", linewidth=1)
axes[1].plot(said, occurs, "o-", color="#0072B2")
axes[1].set(xlabel="probability of a tag", ylabel="share that bears it")
axes[1].grid(alpha=0.3)
plt.show()

# %%
# What to learn from it
# ---------------------
#
# - Probabilities of all tags come from one net and are calibrated on rows that its
#   members held out. Near the dashed line, a threshold is a decision about costs, not a
#   trick.
# - ``predict`` cuts each tag at one half, and so proposes rare tags rarely. For "the
#   five likeliest", sort probabilities, as above.
# - Probabilities are those of each tag by itself. That two tags come together or never
#   do is used in learning what they share, but is not promised of a pair of
#   predictions.
