"""What columns say of each other beyond X: a Gaussian copula of held-out labels.

Each column has latent scores, standard normal numbers that its predicted distribution
turns into labels. The scores of a row are correlated as those of held-out rows were.
"""

from sklearn_mtl.joint._boxes import joint_level
from sklearn_mtl.joint._copula import Copula
from sklearn_mtl.joint._record import HeldOutLabels, labels_keeping, rows_to_keep

__all__ = ["Copula", "HeldOutLabels", "joint_level", "labels_keeping", "rows_to_keep"]
