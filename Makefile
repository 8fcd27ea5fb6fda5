# Needs only make and Python 3.11 or later. `make demo` is the place to begin.
PYTHON ?= python3
VENV := .venv/bin/python

# set on some machines and in many images; here it would compile a thousand modules anew at every start
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo run test test-fast test-real chaos check format messages bench clean distclean reset

help:  ## what there is
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-20s %s\n", $$1, $$2}'

demo: setup  ## Attune with the example organisation (PORT=8000, ATTUNE_DATA=var)
	@$(VENV) manage.py up --example --with-parent

run: setup  ## Attune without example data; asks for the first administrator
	@$(VENV) manage.py up --with-parent

setup:
	@$(PYTHON) tools/setup

setup-dev:
	@$(PYTHON) tools/setup --dev

test: setup-dev  ## all tests, on embedded services of their own
	@$(VENV) -m portal.embedded.preparation
	@$(VENV) -m pytest -n auto --dist loadgroup -q

test-fast: setup-dev  ## the rules only: no database, seconds
	@$(VENV) -m pytest -q tests/rules

test-real: setup-dev  ## what touches a service, on the PostgreSQL, Redis and RabbitMQ of this machine
	@$(VENV) -m portal.embedded.preparation
	@$(VENV) tools/test_real

chaos: setup-dev  ## kill everything under load and compare (KILLS=45 ITEMS=200000 SEED=any)
	@$(VENV) -m tests.chaos $(if $(KILLS),--kills $(KILLS)) $(if $(ITEMS),--items $(ITEMS)) $(if $(SEED),--seed $(SEED))

check: setup-dev  ## format, lint, types, layers, templates, migrations, translations, deployment
	@$(VENV) tools/check

format: setup-dev  ## put the code in the house format
	@$(VENV) -m ruff check --fix .
	@$(VENV) -m ruff format .

messages: setup-dev  ## take new texts into the translation files
	@$(VENV) tools/messages update

bench: setup-dev  ## measure, and write the tables of docs/performance.md (SIZE=small, medium or large)
	@$(VENV) -m benchmarks --size $(or $(SIZE),medium) --write

clean:  ## remove what was built (not the data, not .venv)
	@$(PYTHON) tools/clean

distclean:  ## likewise, with .venv and node_modules
	@$(PYTHON) tools/clean --all

reset:  ## remove data and keys, after asking
	@$(PYTHON) tools/reset
