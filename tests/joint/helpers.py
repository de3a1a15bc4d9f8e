"""Labels that depend on each other as is known, with what is predicted of them."""

from typing import NamedTuple

import numpy as np
from scipy.special import expit, ndtr, ndtri
from scipy.stats import poisson

from sklearn_mtl.joint import HeldOutLabels
from sklearn_mtl.tasks import Binary, Count, Multiclass, Ordinal, Regression

KINDS = ("number", "number", "binary", "ordinal", "count")


class Made(NamedTuple):
    tasks: list
    labels: np.ndarray
    responses: list
    scores: np.ndarray

    def record(self, weight=None):
        std = np.array([np.nan if t.is_classifier else 2.0 for t in self.tasks])
        return HeldOutLabels(self.tasks, self.labels, self.responses, weight, std)


def made(n_rows, correlation, kinds=KINDS, *, missing=0.0, seed=0):
    """Make labels of latent scores that are all correlated alike, or by a matrix."""
    rng = np.random.default_rng(seed)
    matrix = np.full((len(kinds), len(kinds)), correlation)
    np.fill_diagonal(matrix, 1.0)
    scores = rng.normal(size=(n_rows, len(kinds))) @ np.linalg.cholesky(matrix).T
    named = zip(kinds, scores.T, strict=True)
    columns = [MAKERS[kind](score, rng) for kind, score in named]
    tasks, labels, responses = zip(*columns, strict=True)
    labels = np.column_stack(labels).astype(float)
    labels[rng.random(labels.shape) < missing] = np.nan
    return Made(list(tasks), labels, list(responses), scores)


def numbers(score, rng):
    task = Regression()
    mean = rng.normal(size=len(score))
    return task, mean + 2.0 * score, mean[:, np.newaxis]


def binary(score, rng):
    p = expit(rng.normal(size=len(score)))
    return with_classes(Binary(), "no", "yes"), score > ndtri(1 - p), np.c_[1 - p, p]


def ordinal(score, rng):
    p = rng.dirichlet([2, 1, 2, 1], size=len(score))
    cuts = ndtri(p.cumsum(axis=1)[:, :-1].clip(1e-12, 1 - 1e-12))
    task = with_classes(Ordinal(), "a", "b", "c", "d")
    return task, (score[:, np.newaxis] > cuts).sum(axis=1), p


def count(score, rng):
    task = Count()
    task.mean_ = 1.0
    mean = np.exp(rng.normal(size=len(score)))
    return task, poisson.ppf(ndtr(score), mean), np.c_[mean, mean + (mean - 1) ** 2]


def classes(score, rng):
    """Make three classes, of which the most frequent one shows the score."""
    p = rng.dirichlet([8, 4, 2], size=len(score))
    first = score > ndtri(1 - p[:, 0])
    second = rng.random(len(score)) < p[:, 1] / (1 - p[:, 0])
    code = np.where(first, 0, np.where(second, 1, 2))
    return with_classes(Multiclass(), "x", "y", "z"), code, p


def with_classes(task, *names):
    task.classes_ = np.array(names, dtype=object)
    return task


MAKERS = {
    "number": numbers,
    "binary": binary,
    "ordinal": ordinal,
    "count": count,
    "classes": classes,
}
