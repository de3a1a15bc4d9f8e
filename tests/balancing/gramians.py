"""Gradients of made tasks, and what a way of balancing makes of them."""

import numpy as np
import torch


def made_gradients(n_members, n_tasks, n_weights=12, seed=0, shift=0.0):
    """Gradients (K, T, P) of unlike lengths; the smaller shift, the more conflicts."""
    rng = np.random.default_rng(seed)
    gradients = rng.normal(size=(n_members, n_tasks, n_weights)) + shift
    return gradients * rng.uniform(0.2, 3.0, size=(n_members, n_tasks, 1))


def weights_of(balancing, gradients, shares=None, loss=None):
    """Weights (K, T) of gradients (K, T, P), by default for equal ones of the user."""
    gradients = torch.as_tensor(np.asarray(gradients, dtype=np.float64))
    n_members, n_tasks, _ = gradients.shape
    if shares is None:
        shares = np.full((n_members, n_tasks), 1 / n_tasks)
    shares = torch.as_tensor(np.array(shares, dtype=np.float64))
    loss = torch.ones_like(shares) if loss is None else torch.as_tensor(loss)
    balancing.setup(shares, torch.Generator().manual_seed(0))
    gramian = gradients @ gradients.transpose(1, 2)
    return balancing.weights(loss, gramian).numpy()
