"""How raw outputs change with the features of a row."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import nn

from sklearn_mtl.training._predict import in_float64


class InputGradients:
    """A trained stack that is differentiated in its inputs, in float64.

    Parameters
    ----------
    module : torch.nn.Module
        Copied.
    """

    def __init__(self, module: nn.Module) -> None:
        self.device = in_float64(module).device
        copied: Any = deepcopy(module).to(self.device, torch.float64).eval()
        self.module = copied.requires_grad_(False)

    def raw(self, features: np.ndarray) -> np.ndarray:
        """Compute raw outputs (K, n, C) of rows (n, d)."""
        inputs = torch.tensor(features, dtype=torch.float64, device=self.device)
        with torch.no_grad():
            raw: np.ndarray = self.module(inputs).cpu().numpy()
        return raw

    def raw_and_pullback(
        self, features: np.ndarray
    ) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
        """Compute raw outputs, and a function that goes back from them.

        Parameters
        ----------
        features : ndarray of shape (n, d)

        Returns
        -------
        raw : ndarray of shape (K, n, C)
        pullback : callable
            Takes the gradient (K, n, C) of some number a row into its raw outputs, and
            returns that into its features, (n, d).
        """
        inputs = torch.tensor(features, dtype=torch.float64, device=self.device)
        inputs.requires_grad_()
        with torch.enable_grad():
            raw = self.module(inputs)

        def pullback(upstream: np.ndarray) -> np.ndarray:
            weight = torch.as_tensor(upstream, device=self.device)
            (found,) = torch.autograd.grad(raw, inputs, weight, retain_graph=True)
            gradient: np.ndarray = found.cpu().numpy()
            return gradient

        return raw.detach().cpu().numpy(), pullback
