"""Changes of single tokens, of which each should make a test fail.

``python -m tests.mutants --seed 0 --number 20`` changes a copy of the package.
"""
