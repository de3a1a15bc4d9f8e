"""
The U of the validation loss, and where early stopping ends it
==============================================================

A network that trains for too long learns its rows by heart: the loss on rows that it
trains on goes on falling, the loss on other rows turns up again. Here that is seen on
scikit-learn's small images of digits, with the maxout network that Goodfellow et al.
(2013) used for MNIST, without and with dropout.
"""

# %%
# A small training set, so that there is something to overfit; one part of the images
# is validated on after each epoch, and a third part is for the end.

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from sklearn_mtl import MultiTaskNetClassifier
from sklearn_mtl.plotting import TrainingCurveDisplay

X, y = load_digits(return_X_y=True)
X = X / 16
X_train, X_rest, y_train, y_rest = train_test_split(
    X, y, train_size=150, stratify=y, random_state=0
)
X_val, X_test, y_val, y_test = train_test_split(
    X_rest, y_rest, train_size=500, stratify=y_rest, random_state=0
)

# %%
# One network, and nothing but dropout to restrain it: no weight decay, no bins of the
# inputs. With ``early_stopping=False`` it trains for all its epochs; the loss on
# ``X_val`` is recorded, and nothing is decided by it.

restrained_by = {
    "without dropout": {"dropout": 0.0},
    "with dropout": {"dropout": 0.5, "input_dropout": 0.2, "max_norm": 1.9365},
}


def fit(restraint: dict, *, early_stopping: bool) -> MultiTaskNetClassifier:
    net = MultiTaskNetClassifier(
        hidden_layer_sizes=(64, 64),
        activation="maxout",
        n_members=1,
        n_bins=0,
        scale_inputs=False,
        alpha=0.0,
        batch_size=50,
        learning_rate="constant",
        learning_rate_init=0.005,
        max_iter=100,
        early_stopping=early_stopping,
        calibrate=False,
        random_state=0,
        **restraint,
    )
    return net.fit(X_train, y_train, X_val=X_val, y_val=y_val)


full = {name: fit(by, early_stopping=False) for name, by in restrained_by.items()}
stopped = {name: fit(by, early_stopping=True) for name, by in restrained_by.items()}

# %%
# Losses are in units of the prior: 1 is a guess from the shares of the ten digits. The
# dotted line marks the epoch that early stopping keeps: the best one so far when the
# loss has not fallen for ten epochs.

figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True, layout="constrained")
for ax, (name, net) in zip(axes, full.items(), strict=True):
    TrainingCurveDisplay.from_estimator(net, ax=ax)
    kept = stopped[name].best_epoch_[0]
    ax.axvline(kept, color="0.3", linestyle=":", label=f"early stopping: {kept}")
    ax.set(title=name, xlabel="epoch")
    ax.legend(frameon=False)
axes[0].set_ylim(0, 0.8)
axes[0].set(ylabel="loss in units of the prior")
plt.show()

# %%
# What stopping is worth on images that neither trained nor chose. Without dropout it
# saves a good part of the log-loss, though not of the share of misread images: a net
# that trains on grows too sure of itself before it grows wrong. With dropout there is
# nothing to be saved from within these epochs, and a patience of ten is too short.

print(f"{'':<16} {'stops':<10} {'epochs':>6} {'log-loss':>9} {'error':>6}")
for when, nets in (("at the end", full), ("early", stopped)):
    for name, net in nets.items():
        loss = log_loss(y_test, net.predict_proba(X_test))
        error = 1 - net.score(X_test, y_test)
        print(f"{name:<16} {when:<10} {net.n_iter_:>6} {loss:>9.3f} {error:>6.1%}")
