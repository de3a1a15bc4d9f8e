"""Joint predictions of all columns of some rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sklearn_mtl.joint._dependence import learn_correlation
from sklearn_mtl.joint._marginals import Classes, Marginal, marginal_of
from sklearn_mtl.joint._posterior import condition
from sklearn_mtl.tasks import Task

NUMBERS_AT_ONCE = 2**22
"""Latent scores that are drawn together; bounds the memory of draws."""


@dataclass(frozen=True, eq=False)
class Copula:
    """Marginals of all columns, and the correlation of their latent scores.

    Attributes
    ----------
    marginals : list of Marginal
        One for each column.
    correlation : ndarray of shape (L, L)
    n_pairs : ndarray of shape (L, L)
        Rows behind each correlation.
    """

    marginals: list[Marginal]
    correlation: np.ndarray
    n_pairs: np.ndarray

    @property
    def latents(self) -> list[slice]:
        """Latent scores of each column."""
        stops = np.cumsum([marginal.n_latents for marginal in self.marginals])
        return [
            slice(stop - marginal.n_latents, stop)
            for marginal, stop in zip(self.marginals, stops.tolist(), strict=True)
        ]

    def bounds(self, labels: np.ndarray, responses: Sequence[np.ndarray]) -> np.ndarray:
        """Bounds (2, n, L) of the latent scores of labels (n, T), NaN if unknown."""
        return bounds_of(self.marginals, labels, responses)

    def between_columns(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Correlation of columns, whether it has a sign, and rows behind it, (T, T).

        Columns of several scores have their largest canonical correlation.
        """
        own = self.latents
        shape = len(own), len(own)
        correlation, n_rows = np.eye(len(own)), np.zeros(shape, dtype=np.int64)
        single = np.array([marginal.n_latents == 1 for marginal in self.marginals])
        is_signed: np.ndarray = single[:, np.newaxis] & single
        for a, b in np.ndindex(shape):
            n_rows[a, b] = self.n_pairs[own[a], own[b]].max()
            block = self.correlation[own[a], own[b]]
            if a != b and is_signed[a, b]:
                correlation[a, b] = block[0, 0]
            elif a != b:
                correlation[a, b] = np.linalg.norm(block, 2)
        return correlation, is_signed, n_rows

    def draws(
        self,
        responses: Sequence[np.ndarray],
        n_samples: int,
        rng: np.random.Generator,
        labels: np.ndarray | None = None,
    ) -> list[np.ndarray]:
        """Draw all columns of each row together.

        Parameters
        ----------
        responses : sequence of ndarray of shape (n, m)
        n_samples : int
        rng : Generator
        labels : ndarray of shape (n, T), default=None
            Labels that are known; NaN where not.

        Returns
        -------
        list of ndarray of shape (n, n_samples)
            Numbers or class codes of each column.
        """
        n_latents = len(self.correlation)
        step = max(1, NUMBERS_AT_ONCE // (n_samples * n_latents))
        root = np.linalg.cholesky(self.correlation)
        drawn: list[list[np.ndarray]] = [[] for _ in self.marginals]
        for start in range(0, max(len(responses[0]), 1), step):
            rows = slice(start, start + step)
            some = [response[rows] for response in responses]
            noise = rng.standard_normal((len(some[0]), n_samples, n_latents))
            if labels is None:
                scores = noise @ root.T
            else:
                scores = self._conditional(noise, labels[rows], some)
            for t, own in enumerate(self.latents):
                found = self.marginals[t].labels(scores[..., own], some[t])
                if labels is not None:
                    given = labels[rows, t][:, np.newaxis]
                    found = np.where(np.isnan(given), found, given)
                drawn[t].append(found)
        return [np.concatenate(parts) for parts in drawn]

    def _conditional(
        self, noise: np.ndarray, labels: np.ndarray, responses: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Scores (n, S, L) of rows of which some labels are known."""
        bounds = self.bounds(labels, responses)
        law = condition(self.correlation, bounds, with_covariance=True)
        assert law.covariance is not None
        values, vectors = np.linalg.eigh(law.covariance)
        root = vectors * np.sqrt(np.maximum(values, 0.0))[:, np.newaxis, :]
        scores: np.ndarray = law.mean[:, np.newaxis, :] + noise @ root.transpose(
            0, 2, 1
        )
        return scores

    def updated(
        self, labels: np.ndarray, responses: Sequence[np.ndarray]
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Update predictions of rows by labels that are known of them.

        Parameters
        ----------
        labels : ndarray of shape (n, T)
            NaN where not known.
        responses : sequence of ndarray of shape (n, m)

        Returns
        -------
        list of ndarray of shape (n, m)
            Probabilities of classes; predictions of numbers, (n, 1).
        ndarray of shape (n, T)
            Share of a number's standard deviation that is left; NaN for classes.
        """
        law = condition(self.correlation, self.bounds(labels, responses))
        found, left = [], np.full(labels.shape, np.nan)
        for t, own in enumerate(self.latents):
            marginal, response = self.marginals[t], responses[t]
            mean, std = law.mean[:, own], law.std[:, own]
            if isinstance(marginal, Classes):
                found.append(marginal.updated(mean, std, response))
            else:
                number, left[:, t] = marginal.updated(mean, std, response)
                found.append(number[:, np.newaxis])
        return found, left


def bounds_of(
    marginals: Sequence[Marginal], labels: np.ndarray, responses: Sequence[np.ndarray]
) -> np.ndarray:
    """Bounds (2, n, L) of the latent scores of labels (n, T), NaN if unknown."""
    found = [
        marginal.bounds(labels[:, t], response)
        for t, (marginal, response) in enumerate(zip(marginals, responses, strict=True))
    ]
    return np.concatenate(found, axis=-1)


def learn_copula(
    tasks: Sequence[Task],
    labels: np.ndarray,
    responses: Sequence[np.ndarray],
    weight: np.ndarray,
    residual_std: np.ndarray,
) -> Copula:
    """Learn from labels (n, T) and responses of rows that were held out."""
    marginals = [
        marginal_of(task, labels[:, t], responses[t], weight[:, t], residual_std[t])
        for t, task in enumerate(tasks)
    ]
    bounds = bounds_of(marginals, labels, responses)
    of_latents = np.repeat(weight, [m.n_latents for m in marginals], axis=1)
    found = learn_correlation(marginals, bounds, responses, of_latents)
    return Copula(marginals, *found)
