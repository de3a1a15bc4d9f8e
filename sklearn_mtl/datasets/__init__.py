"""Multi-task tables: two real ones to load, and as many made ones as you need."""

from sklearn_mtl.datasets._loaders import (
    load_energy_efficiency,
    load_student_performance,
)
from sklearn_mtl.datasets._make_multitask import make_multitask

__all__ = [
    "load_energy_efficiency",
    "load_student_performance",
    "make_multitask",
]
