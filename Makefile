# `make` or `make help` lists what can be made. Everything needs only Python 3.11, make and git.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PYTEST := $(BIN)/pytest
WORKERS ?= auto
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format lint types floors migrations docs-check stress promises bench openapi requirements docs coverage

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make .venv from uv.lock, and nothing else
	@$(PYTHON) scripts/bootstrap.py

demo: setup ## a clinic with made-up patients at http://127.0.0.1:8000; ARGS="--port 8080 --data-dir DIR"
	@$(BIN)/chiron demo $(ARGS)

test: setup ## the fast suite on real PostgreSQL; ARGS="-k booking -x"
	@$(PYTEST) -n $(WORKERS) $(ARGS)

check: lint types floors migrations docs-check ## exactly what CI runs
	@$(PYTEST) -n $(WORKERS)

stress: setup ## the promises at their full figures, slow
	@$(PYTEST) -m stress -p no:randomly $(ARGS)

promises: setup ## the tests that show a promise, and docs/reference/promises.md from what they reached
	@$(PYTEST) -m "stress or not stress" -p no:randomly --promises docs/reference/promises.md $(ARGS)

bench: setup ## each API path against its floor, as ratios
	@$(BIN)/python -m bench $(ARGS)

coverage: setup ## the fast suite, with the lines it never reached
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

format: setup ## rewrite the code in the house style
	@$(BIN)/ruff check --fix --exit-zero --quiet .
	@$(BIN)/ruff format .

openapi: setup ## rewrite the OpenAPI snapshots after a change of the API on purpose
	@$(BIN)/chiron openapi

requirements: setup ## rewrite requirements.txt from uv.lock, for those who install without uv
	@.uv/*/bin/uv export --frozen --no-dev --no-hashes --no-emit-project --no-header --no-annotate --quiet > requirements.txt

docs: setup ## rewrite the generated pages in docs/reference
	@$(BIN)/chiron docs

# The parts of `check`, quickest first. File sizes, doors, data classes and snapshots are tests.
lint: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: setup
	@$(BIN)/mypy

floors: setup
	@$(BIN)/lint-imports --no-logo

migrations: setup
	@$(BIN)/python manage.py makemigrations --check --dry-run

docs-check: setup
	@$(BIN)/chiron docs --check
