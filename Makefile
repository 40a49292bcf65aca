# Each target shows what it runs. The environment is made in .venv on first use.
PYTHON ?= python3
BIN := .venv/bin
BENCHMARKS := cost nfe cnf_step cnf_gap cnf_objectives inference mnist_error spirals_rmse memory_peak profile_steps overheads growth explore
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help env results studies figures test test-all smoke ui audit verify check docs bench faults

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | sort

env: .venv/installed  ## the environment: pinned packages in .venv

.venv/installed: pyproject.toml constraints.txt constraints-numeric.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; name another one: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo 'Installing into .venv: some minutes, 6 GB (a CPU-only PyTorch is smaller: see README)'
	$(BIN)/python -m pip install --quiet -c constraints-numeric.txt -c constraints.txt -e '.[test]'
	@touch $@

results: env  ## rebuild the three claims from raw data on all cores (JOBS=2: as a Ray cluster with 2 CPUs), then print the table
	$(if $(JOBS),neural-odes cluster run --cpus $(JOBS),neural-odes repro)
	neural-odes runs sync
	neural-odes results

studies: env  ## the claims, all studies, the tutorials and the benchmarks' figures
	neural-odes repro --studies
	neural-odes runs sync

figures: env  ## every figure and page again, from what is in git: no data, no training
	neural-odes figures

test: env  ## the tests, except the slow ones
	python -m pytest -n auto --dist loadfile -m "not slow"

test-all: test  ## all tests
	python -m pytest -n auto --dist loadfile -m slow

smoke: env  ## all pipelines on tiny settings in a scratch copy
	neural-odes smoke

ui: env  ## MLflow in the browser: each claim's runs, best first (without one: neural-odes ui --no-open)
	neural-odes runs sync
	neural-odes ui

audit: env  ## whether each figure is current, and if not, which input changed
	neural-odes audit

verify: env  ## compare a rebuild with the committed numbers: identical, agrees or differs
	neural-odes verify

check: env  ## linter, types, import contracts
	ruff check .
	ruff format --check .
	mypy
	lint-imports

faults: env  ## kill, interrupt and damage the pipeline some two hundred times; a table of what survived
	python tests/faults.py

bench: env  ## benchmarks against what one would use instead (after `make results`), and their figures
	python -m pip install --quiet -c constraints-numeric.txt -c constraints.txt -e '.[test,bench]'
	for name in $(BENCHMARKS); do python benchmarks/$$name.py || exit 1; done
	neural-odes repro benchmarks

docs: env  ## the numbers in README.md and docs/, from the committed results and benchmarks
	neural-odes docs
