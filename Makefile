# Each target shows what it runs. The environment is made in .venv on first use.
PYTHON ?= python3
BIN := .venv/bin
BENCHMARKS := cost nfe cnf_step cnf_gap inference mnist_error spirals_rmse memory_peak profile_steps overheads growth
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help env results claims test smoke ui audit verify check readme bench faults

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | sort

env: .venv/installed  ## the environment: pinned packages in .venv

.venv/installed: pyproject.toml constraints.txt constraints-numeric.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; name another one: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo 'Installing into .venv: some minutes, 6 GB (a CPU-only PyTorch is smaller: see README)'
	$(BIN)/python -m pip install --quiet -c constraints-numeric.txt -c constraints.txt -e '.[test]'
	@touch $@

results: env  ## rebuild all results from raw data on all cores (JOBS=2: as a Ray cluster of so many), then print the table
	$(if $(JOBS),neural-odes cluster run --cpus $(JOBS),neural-odes repro)
	neural-odes runs sync
	neural-odes results

claims: env  ## the three claims alone: train, score, print
	neural-odes claims

test: env  ## the tests
	python -m pytest

smoke: env  ## the whole pipeline on tiny settings in a scratch copy
	neural-odes smoke

ui: env  ## MLflow on the loopback address
	neural-odes runs sync
	neural-odes ui

audit: env  ## what made each figure, and whether it is current
	neural-odes audit

verify: env  ## a rebuild beside the committed metrics: identical, agrees or differs
	neural-odes verify

check: env  ## linter, types, import contracts
	ruff check .
	ruff format --check .
	mypy
	lint-imports

faults: env  ## kills, interruptions and damage, some two hundred times; a table of what survived
	python tests/faults.py

bench: env  ## benchmarks against what one would use instead (after `make results`)
	python -m pip install --quiet -c constraints-numeric.txt -c constraints.txt -e '.[test,bench]'
	for name in $(BENCHMARKS); do python benchmarks/$$name.py || exit 1; done

readme: env  ## the numbers in README.md, from the committed metrics and benchmarks
	neural-odes readme
