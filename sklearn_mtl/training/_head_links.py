"""How strongly the heads of a trained net hang on what is shared."""

from __future__ import annotations

import numpy as np

from sklearn_mtl.training._net import MultiTaskNet


def norms_of_links(net: MultiTaskNet) -> np.ndarray:
    """Length of the weights from each shared unit into each head, (K, U, T)."""
    padding = net.criterion_.layout.padding.cpu().numpy()
    norms: np.ndarray = net.module_.link_norms(padding)
    return norms
