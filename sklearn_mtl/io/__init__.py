"""Fitted estimators in files, and out of them."""

from sklearn_mtl.io._onnx import to_onnx
from sklearn_mtl.io._save import load, save
from sklearn_mtl.io._trusted_types import TRUSTED_TYPES

__all__ = ["TRUSTED_TYPES", "load", "save", "to_onnx"]
