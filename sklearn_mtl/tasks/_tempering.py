"""How sure probabilities are."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

LEAST_PROBABILITY = 1e-300


def temper(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Divide the logarithms of probabilities by a temperature and normalise."""
    logits = np.log(np.maximum(probabilities, LEAST_PROBABILITY))
    tempered: np.ndarray = softmax(logits / temperature, axis=-1)
    return tempered
