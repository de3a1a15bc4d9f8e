"""How strongly the heads of a trained net hang on what is shared."""

from __future__ import annotations

import numpy as np

from sklearn_mtl.training._net import MultiTaskNet
from sklearn_mtl.training._predict import unknown_units


def norms_of_links(net: MultiTaskNet) -> np.ndarray:
    """Length of the weights from each shared unit into each head, (K, U, T)."""
    if not hasattr(net.module_, "link_norms"):
        raise unknown_units(type(net.module_).__name__)
    padding = net.criterion_.layout.padding.cpu().numpy()
    norms: np.ndarray = net.module_.link_norms(padding)
    return norms
