"""Fitted estimators in files that other programs read."""

from sklearn_mtl.io._onnx import to_onnx

__all__ = ["to_onnx"]
