"""
Few labels, many rows: learning from both
=========================================

Labels are dear, rows are cheap. A decoder beside the heads must reconstruct each row
from what the columns share; so rows without any label train what is shared, too. How
much is that worth, and when is it worth nothing?
"""

# %%
# Scikit-learn's small images of digits, with two columns: the digit, and whether it is
# odd. Only a few images keep their labels; the others stay, without any.

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MultipleLocator, PercentFormatter
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklearn_mtl import MultiTaskNetClassifier
from sklearn_mtl.nn import Autoencoder

X, digit = load_digits(return_X_y=True)
y = np.column_stack([digit, np.where(digit % 2, "odd", "even")]).astype(object)
X, X_test, y, y_test = train_test_split(X / 16, y, test_size=0.4, random_state=0)


def keep_labels(n_labelled: int) -> np.ndarray:
    few = y.copy()
    few[n_labelled:] = None
    return few


# %%
# The same network, without and with a decoder. ``n_units`` are units of no column: they
# take up what varies in the images and says nothing about the digit. ``noise`` is to be
# removed by the decoder.

net = MultiTaskNetClassifier(
    hidden_layer_sizes=(64,),
    n_members=2,
    n_bins=0,
    scale_inputs=False,
    learning_rate_init=0.01,
    max_iter=40,
    random_state=0,
)
decoders = {"without decoder": None, "with decoder": Autoencoder(16, noise=0.3)}
sizes = (40, 120, 360)
errors = {name: [] for name in decoders}
for n_labelled in sizes:
    for name, decoder in decoders.items():
        net.set_params(reconstruction=decoder).fit(X, keep_labels(n_labelled))
        errors[name].append(1 - net.named_estimators_[0].score(X_test, y_test[:, 0]))

print(f"{'labelled':>8}" + "".join(f"{name:>17}" for name in errors))
for n_labelled, *row in zip(sizes, *errors.values(), strict=True):
    print(f"{n_labelled:>8}" + "".join(f"{error:>17.1%}" for error in row))

# %%
# Misread digits among images that nobody has seen. The images are alike in both lines,
# only their use differs.

figure, axes = plt.subplots(
    1, 2, figsize=(9, 3.6), width_ratios=(1, 1.3), layout="constrained"
)
shown = np.ones((6 * 9 + 1, 6 * 9 + 1))
for i, image in enumerate(X[:36]):
    top, left = 9 * (i // 6) + 1, 9 * (i % 6) + 1
    shown[top : top + 8, left : left + 8] = 1 - image.reshape(8, 8)
axes[0].imshow(shown, cmap="gray")
axes[0].set(title=f"{len(X)} images, few of them labelled", xticks=[], yticks=[])
looks = {"without decoder": ("#E69F00", "s--"), "with decoder": ("#0072B2", "o-")}
for name, (color, look) in looks.items():
    axes[1].plot(sizes, errors[name], look, color=color, label=name)
axes[1].set(xscale="log", xlabel="labelled images", ylabel="misread digits")
axes[1].set_xticks(sizes, sizes, minor=False)
axes[1].minorticks_off()
axes[1].set_ylim(0, None)
axes[1].yaxis.set_major_locator(MultipleLocator(0.05))
axes[1].yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
axes[1].legend(frameon=False)
axes[1].grid(alpha=0.3)
plt.show()

# %%
# What to learn from it
# ---------------------
#
# - The fewer labels, the more the other rows are worth; with many labels the lines
#   meet.
# - It helps where what varies in ``X`` is what ``y`` asks about. Of inputs that have
#   nothing to do with each other there is nothing to reconstruct, and nothing gained.
# - It costs time: all rows are read, and gradients are found by autograd. Compare on
#   rows with labels that you put aside.
