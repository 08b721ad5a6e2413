.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3.11
BIN := .venv/bin
# One thread per process: two single-threaded trials beat one with two threads.
export OMP_NUM_THREADS ?= 1
export TOKENIZERS_PARALLELISM ?= false
PYTEST := -m pytest --quiet --durations=15 --numprocesses 2 --dist loadscope

.PHONY: help browser components-tour dev demo test check format docs serve migration

help:    ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  \033[36m%-16s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[api,worker,tracing]" --group dev --group models
	touch $@

browser: ## Install Chromium for the dashboard's tests, where there is none
	command -v chromium-headless-shell > /dev/null || \
		{ apt-get update -qq && apt-get install -y -qq chromium-headless-shell; }

dev: .venv/installed ## Create .venv and install everything editable

demo: dev ## Run the main job on real data with a real encoder
	$(BIN)/python -m examples.demo

components-tour: dev ## Train every component once on each task that it serves, through the service
	$(BIN)/python -m examples.tour

serve: dev ## Keep the service up: API, dashboard and worker on one machine
	$(BIN)/autodistill up

test: check ## Set up and pass every check

check: dev browser ## Everything CI runs: ruff, import contracts, mypy, pytest, generated files fresh
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy autodistill api workers migrations tests examples benchmarks
	$(BIN)/python $(PYTEST) -m "not e2e"
	$(BIN)/python $(PYTEST) -m e2e --ignore tests/dashboard
	$(BIN)/python $(PYTEST) -m e2e tests/dashboard

format: dev ## Rewrite the code to the house style
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: dev ## Regenerate docs/components.md and docs/openapi.json
	$(BIN)/python -m api.reference docs

migration: dev ## New numbered revision (make migration name=add_leases)
	$(BIN)/alembic revision --autogenerate --message "$(name)"
