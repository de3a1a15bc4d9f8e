# Every target makes what it needs in .venv: nothing else is installed or changed.
# `make PYTHON=python3.12 test` picks the interpreter of a new .venv.

PYTHON ?= python3
SEED ?= 0
MINUTES ?= 10
NUMBER ?= 20
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test test-ecosystem fuzz mutants lint package docs bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.extra-frames $(VENV)/.extra-plot ## run the example
	$(BIN)/python examples/demo.py

test: $(VENV)/.extra-test ## run all tests, those in docstrings too
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

test-ecosystem: $(VENV)/.extra-test-ecosystem ## run the tools around scikit-learn
	$(BIN)/python -m pytest tests/ecosystem tests/test_docs.py tests/io/test_serve.py tests/scale tests/balancing/test_weighting.py

fuzz: $(VENV)/.extra-test ## search for faults for MINUTES=10 by inputs drawn from SEED=0
	$(BIN)/python -m tests.fuzz --seed $(SEED) --minutes $(MINUTES)

mutants: $(VENV)/.extra-test ## change NUMBER=20 tokens of SEED=0, one by one: do tests notice?
	$(BIN)/python -m tests.mutants --seed $(SEED) --number $(NUMBER)

lint: $(VENV)/.extra-lint ## check format, style and types
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy

package: $(VENV)/.extra-frames ## build sdist and wheel, and fit from the installed wheel
	bash .ci/package $(BIN)/python

docs: $(VENV)/.extra-docs ## build the documentation in docs/_build/html
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

bench: $(VENV)/.extra-bench ## run all benchmarks that have no result yet
	$(BIN)/python -m benchmarks --all

clean: ## remove all that the other targets made
	rm -rf $(VENV) .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	rm -rf docs/_build docs/generated docs/gallery
	rm -f docs/sg_execution_times.rst
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# PyTorch comes first and alone: it is the one download that is worth watching. The
# build backend is pinned as well, so the package itself builds without isolation.
$(VENV)/.base: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) torch
	$(INSTALL) hatchling editables
	@touch $@

$(VENV)/.extra-%: $(VENV)/.base
	$(INSTALL) --no-build-isolation --editable ".[$*]"
	@touch $@
