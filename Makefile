# Every target makes what it needs in .venv: nothing else is installed or changed.
# `make PYTHON=python3.12 test` picks the interpreter of a new .venv.

PYTHON ?= python3
SEED ?= 0
MINUTES ?= 10
NUMBER ?= 20
VENV := .venv
CONSTRAINTS := constraints.txt
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet --constraint $(CONSTRAINTS)

.DEFAULT_GOAL := help
.PHONY: help demo test test-oldest test-ecosystem fuzz mutants lint package release-notes
.PHONY: docs notebooks bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.extra-frames $(VENV)/.extra-plot ## run the example
	$(BIN)/python examples/demo.py

test: $(VENV)/.extra-test ## run all tests, those in docstrings too
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

# A second environment, beside that of all other targets.
test-oldest: ## run the quick rooms with the oldest versions that are supported
	$(MAKE) VENV=.venv-oldest CONSTRAINTS=constraints-oldest.txt .venv-oldest/.extra-test
	$(MAKE) VENV=.venv-oldest test-quick

.PHONY: test-quick
test-quick:
	$(BIN)/python -m pytest --numprocesses auto tests/tasks tests/tables tests/metrics \
	  tests/datasets tests/plotting tests/io tests/estimators/test_fit.py \
	  tests/estimators/test_multitask_net.py

test-ecosystem: $(VENV)/.extra-test-ecosystem ## run the tools around scikit-learn
	$(BIN)/python -m pytest tests/ecosystem "tests/test_docs.py::test_examples_of_page[table-to-service.md]" tests/io/test_serve.py tests/scale tests/balancing/test_weighting.py

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

release-notes: ## print what the changelog says of VERSION=0.1.0, if the package is of it
	@bash .ci/release-notes $(VERSION)

docs: $(VENV)/.extra-docs ## build the documentation in docs/_build/html
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

notebooks: $(VENV)/.extra-notebooks ## run the first pages as notebooks, in build/notebooks
	$(BIN)/python docs/_ext/notebooks.py build/notebooks README.md docs/quickstart.md
	$(BIN)/python -m nbconvert --log-level WARN --to notebook --execute --inplace \
	  build/notebooks/readme.ipynb build/notebooks/quickstart.ipynb

bench: $(VENV)/.extra-bench ## run all benchmarks that have no result yet
	$(BIN)/python -m benchmarks --all

clean: ## remove all that the other targets made
	rm -rf $(VENV) .venv-oldest .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	rm -rf docs/_build docs/generated docs/gallery
	rm -f docs/sg_execution_times.rst
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# PyTorch comes first and alone: it is the one download that is worth watching. The
# build backend is pinned as well, so the package itself builds without isolation.
$(VENV)/.base: pyproject.toml $(CONSTRAINTS) | $(BIN)/python
	$(INSTALL) torch
	$(INSTALL) hatchling hatch-fancy-pypi-readme editables
	@touch $@

$(VENV)/.extra-%: $(VENV)/.base
	$(INSTALL) --no-build-isolation --editable ".[$*]"
	@touch $@
