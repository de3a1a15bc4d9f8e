"""Metrics of classes, ordered or not."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np
from scipy.stats import entropy
from sklearn import metrics

from sklearn_mtl.metrics._outcome import Outcome

NAN = float("nan")


def _score(function: Any, outcome: Outcome, **kwargs: Any) -> float:
    return float(
        function(
            outcome.labels, outcome.predictions, sample_weight=outcome.weight, **kwargs
        )
    )


def accuracy(outcome: Outcome, **kwargs: Any) -> float:
    return _score(metrics.accuracy_score, outcome, **kwargs)


def balanced_accuracy(outcome: Outcome) -> float:
    """Mean recall of the classes that the labels hold.

    That is `sklearn.metrics.balanced_accuracy_score`, which warns of predicted classes
    that no label holds.
    """
    held = np.unique(outcome.labels)
    return _score(metrics.recall_score, outcome, labels=held, average="macro")


def f1(outcome: Outcome, **kwargs: Any) -> float:
    """F1 of the second class if there are two, else the mean over classes."""
    kwargs = {"zero_division": np.nan, **kwargs}
    if outcome.n_known != 2 or "average" in kwargs:
        return _score(metrics.f1_score, outcome, **{"average": "macro", **kwargs})
    return float(
        metrics.f1_score(
            outcome.labels == 1,
            outcome.predictions == 1,
            sample_weight=outcome.weight,
            **kwargs,
        )
    )


def matthews_correlation(outcome: Outcome) -> float:
    """Correlation of labels and predictions; NaN where labels hold one class."""
    if len(np.unique(outcome.labels)) < 2:
        return NAN
    return _score(metrics.matthews_corrcoef, outcome)


def roc_auc(outcome: Outcome, **kwargs: Any) -> float:
    return _one_versus_rest(metrics.roc_auc_score, outcome, **kwargs)


def average_precision(outcome: Outcome, **kwargs: Any) -> float:
    return _one_versus_rest(metrics.average_precision_score, outcome, **kwargs)


def _one_versus_rest(
    function: Callable[..., float], outcome: Outcome, **kwargs: Any
) -> float:
    """Score of the second class of two, else the mean over classes held by labels."""
    held = np.unique(outcome.labels)
    if outcome.response is None or len(held) < 2:
        return NAN
    positives = held if outcome.n_known != 2 else held[held == 1]
    scores = [
        function(
            outcome.labels == positive,
            outcome.response[:, positive],
            sample_weight=outcome.weight,
            **kwargs,
        )
        for positive in positives
    ]
    return float(np.mean(scores)) if scores else NAN


def log_loss(outcome: Outcome) -> float:
    if outcome.response is None or len(outcome.classes) < 2:
        return NAN
    return float(
        metrics.log_loss(
            outcome.labels,
            outcome.response,
            labels=np.arange(len(outcome.classes)),
            sample_weight=outcome.weight,
        )
    )


def brier_score(outcome: Outcome, **kwargs: Any) -> float:
    """Squared error of the probabilities, between 0 and 1 for two classes, else 2."""
    if outcome.response is None or len(outcome.classes) < 2:
        return NAN
    if len(outcome.classes) == 2:
        true, probabilities = outcome.labels == 1, outcome.response[:, 1]
        kwargs = {"pos_label": True, **kwargs}
    else:
        true, probabilities = outcome.labels, outcome.response
        kwargs = {"labels": np.arange(len(outcome.classes)), **kwargs}
    return float(
        metrics.brier_score_loss(
            true, probabilities, sample_weight=outcome.weight, **kwargs
        )
    )


def calibration_error(outcome: Outcome, *, n_bins: Any = 15) -> float:
    """Mean gap between confidence and accuracy over bins of equal width."""
    if not isinstance(n_bins, Integral) or n_bins < 1:
        raise ValueError(f"n_bins={n_bins!r}: pass a whole number of at least 1.")
    if outcome.response is None or len(outcome.classes) < 2:
        return NAN
    confidence = outcome.response.max(axis=1)
    hit = outcome.response.argmax(axis=1) == outcome.labels
    weight = np.ones(len(hit)) if outcome.weight is None else outcome.weight
    bins = np.clip(np.ceil(confidence * n_bins), 1, int(n_bins)).astype(np.int64) - 1
    gaps = np.bincount(bins, weight * (hit - confidence))
    return float(np.abs(gaps).sum() / weight.sum())


def class_skill(outcome: Outcome) -> float:
    """Share of the entropy of the labels that the probabilities remove."""
    if outcome.response is None or len(np.unique(outcome.labels)) < 2:
        return NAN
    shares = np.bincount(outcome.labels, outcome.weight)
    return 1.0 - log_loss(outcome) / float(entropy(shares))


# -- ordered classes -----------------------------------------------------------------


def _has_unknown_rank(outcome: Outcome) -> bool:
    return len(outcome.classes) > outcome.n_known


def spearman(outcome: Outcome) -> float:
    """Rank correlation of labels and expected ranks, or of labels and predictions.

    A weight counts a row as often: ranks are those of the repeated rows.
    """
    if _has_unknown_rank(outcome):
        return NAN
    predicted = outcome.predictions.astype(np.float64)
    if outcome.response is not None:
        predicted = outcome.response @ np.arange(outcome.n_known)
    weight = np.ones(len(predicted)) if outcome.weight is None else outcome.weight
    ranks = []
    for values in (outcome.labels, predicted):
        levels, codes = np.unique(values, return_inverse=True)
        if len(levels) < 2:
            return NAN
        mass = np.bincount(codes, weight)
        ranks.append((np.cumsum(mass) - mass / 2)[codes])
    covariance = np.cov(np.stack(ranks), aweights=weight, ddof=0)
    return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))


def quadratic_kappa(outcome: Outcome) -> float:
    """Cohen's kappa with squared distances of ranks."""
    both = np.concatenate([outcome.labels, outcome.predictions])
    if _has_unknown_rank(outcome) or np.ptp(both) == 0:
        return NAN
    return _score(
        metrics.cohen_kappa_score,
        outcome,
        labels=np.arange(outcome.n_known),
        weights="quadratic",
    )


def rank_mean_absolute_error(outcome: Outcome) -> float:
    """Mean number of classes between label and prediction."""
    if _has_unknown_rank(outcome):
        return NAN
    return _score(metrics.mean_absolute_error, outcome)
