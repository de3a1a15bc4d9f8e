"""
A table of customers: dates, words, gaps and text
=================================================

Customer tables hold what others leave out: a date of entry, a city, an income that is
often not given, and a note that somebody typed. What is asked for is as mixed: how much
they will spend, whether they leave, which channel they prefer. All but the note goes
into the net as it is; the note goes through a vectorizer first, in a Pipeline.
"""

# %%
# The table
# ---------
#
# Made data: entry, city, income and note say something about each of the three answers.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline

from sklearn_mtl import MultiTaskNetEstimator
from sklearn_mtl.metrics import task_scores
from sklearn_mtl.model_selection import multitask_train_test_split

rng = np.random.default_rng(0)
n = 1200
days = rng.integers(0, 1500, n)
city = rng.choice(["Lyon", "Oslo", "Rome", "Graz"], n, p=[0.4, 0.3, 0.2, 0.1])
income = rng.lognormal(10.3, 0.4, n)
mood = rng.choice(["pleased", "neutral", "angry"], n, p=[0.3, 0.4, 0.3])
words = {
    "pleased": ["thanks", "quick delivery", "very happy", "would recommend", "great"],
    "neutral": ["asked for invoice", "new address", "changed phone", "opening hours"],
    "angry": ["still waiting", "broken on arrival", "wants refund", "late again"],
}
notes = [f"{a}, {b}" for a, b in (rng.choice(words[m], 2) for m in mood)]
X = pd.DataFrame(
    {
        "entered": pd.Timestamp("2022-01-01") + pd.to_timedelta(days, unit="D"),
        "city": city,
        "income": np.where(rng.random(n) < 0.3, np.nan, income.round(-2)),
        "note": np.where(rng.random(n) < 0.1, "", notes),
    }
)
print(X.head().to_string())

# %%
# Three answers, of which each is known for a part of the customers only.

loyal = (1500 - days) / 1500
angry, pleased = mood == "angry", mood == "pleased"
spends = 40 * (income / 3e4) * np.exp(loyal + 0.5 * pleased) * rng.gamma(5, 0.2, n)
leaves = rng.random(n) < 1 / (1 + np.exp(1.5 + 2 * loyal - 3 * angry))
young_city = np.isin(city, ["Oslo", "Graz"])
channel = np.where(rng.random(n) < np.where(young_city, 0.75, 0.3), "app", "shop")
channel = np.where(angry & (rng.random(n) < 0.5), "phone", channel)
y = pd.DataFrame(
    {"spends": spends, "leaves": np.where(leaves, "yes", "no"), "channel": channel}
)
y = y.mask(rng.random(y.shape) < 0.3)
X_train, X_test, y_train, y_test = multitask_train_test_split(
    X, y, test_size=0.4, random_state=0
)

# %%
# The pipeline
# ------------
#
# Notes become eight numbers: which words, by their rarity, then the eight directions in
# which they differ most. A small transformer puts these in the place of the note and
# passes everything else on as it is, dates as dates and gaps as gaps; the net encodes
# them. ``"gamma"`` is the kind for amounts whose errors are per cents.


class NoteToNumbers(TransformerMixin, BaseEstimator):
    def __init__(self, n_numbers=8):
        self.n_numbers = n_numbers

    def fit(self, X, y=None):
        directions = TruncatedSVD(self.n_numbers, random_state=0)
        self.reader_ = make_pipeline(TfidfVectorizer(), directions).fit(X["note"])
        return self

    def transform(self, X):
        numbers = pd.DataFrame(self.reader_.transform(X["note"]), index=X.index)
        return X.drop(columns="note").join(numbers.add_prefix("note "))


net = MultiTaskNetEstimator(
    hidden_layer_sizes=(32,), task_types={"spends": "gamma"}, random_state=0
)
pipe = make_pipeline(NoteToNumbers(), net)
pipe.fit(X_train, y_train)
print(pipe.predict(X_test).head().round(1).to_string())

# %%
# What each column of X is good for
# ---------------------------------
#
# The same without the date, and without the note: then the net alone is enough. Skill
# is the share of the cost of guessing that is removed, and so can be compared between
# amounts and classes.


def skills_of(model, left_out: list[str]) -> list[float]:
    fitted = clone(model).fit(X_train.drop(columns=left_out), y_train)
    rows = task_scores(y_test, fitted, X=X_test.drop(columns=left_out))
    return [row["skill"] for row in rows]


skills = {
    "all columns": skills_of(pipe, []),
    "without the date": skills_of(pipe, ["entered"]),
    "without the note": skills_of(net, ["note"]),
}
skills = pd.DataFrame(skills, index=y.columns)
print(skills.round(2).to_string())

figure, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
skills.plot.barh(ax=ax, color=["#0072B2", "#E69F00", "#999999"], width=0.75)
ax.invert_yaxis()
ax.axvline(0, color="0.3", linewidth=0.8)
ax.set(xlabel="skill for new customers", ylabel="")
ax.legend(frameon=False, loc="lower right")
plt.show()

# %%
# What to learn from it
# ---------------------
#
# - Dates, strings and gaps need no steps of their own; text does, and any vectorizer of
#   scikit-learn will do. skrub's ``tabular_pipeline`` chooses one by itself. A
#   ``ColumnTransformer`` around the vectorizer would hand on an array, which knows no
#   dates.
# - All of it is one Pipeline, so that words and directions are learned from training
#   rows only, in cross-validation too.
# - A column that helps is not a cause: an angry note may come from those who had left
#   already. Ask when each column was written.
