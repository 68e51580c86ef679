# Everything a newcomer needs is `make demo` and `make test`; `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/bash
# Served by name, on this machine alone: browsers make no passkeys for an address of numbers.
PORT ?= 8000
DATA ?= ../shared/data
# Worker processes of the tests; ARGS goes to pytest as it is (make test ARGS="-k portfolio").
WORKERS ?= auto
ARGS ?=
# How many times 1,450 systems the benchmark of flags judges.
SCALE ?= 1
BIN := .venv/bin
PYTHON := $(BIN)/python
# Nothing is installed whose bytes the lock does not name.
PIP_INSTALL := $(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes
# Resolves for every system and Python at once, so that one lock serves all of them.
LOCK_TOOL := uv==0.13.9
LOCK := var/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-strip-extras --no-emit-index-url --no-emit-find-links
# The newest Python that is new enough and can make environments (Debian splits that off).
BASE_PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	if $$p -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	then echo $$p; break; fi; done)

.PHONY: help install demo demo-real run test test-fast coverage coverage-metrics bench lint types arch format messages \
	documents lock pip-audit sbom fuzz-api fuzz-forms mutate check ci clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 14

.venv/bin/python:
	@test -n "$(BASE_PYTHON)" || { echo "Python 3.11 or newer with its venv module is needed (on Debian and Ubuntu: apt-get install python3 python3-venv)." >&2; exit 1; }
	$(BASE_PYTHON) -m venv .venv

.venv/runtime.stamp: requirements.lock | .venv/bin/python
	$(PIP_INSTALL) -r requirements.lock
	@touch $@

.venv/dev.stamp: requirements-dev.lock | .venv/runtime.stamp
	$(PIP_INSTALL) -r requirements-dev.lock
	@touch $@

.venv/audit.stamp: requirements-audit.lock | .venv/dev.stamp
	$(PIP_INSTALL) -r requirements-audit.lock
	@touch $@

install: .venv/runtime.stamp ## make .venv and install what the product needs
	@mkdir -p var staticfiles

demo: export DATABASE_URL = sqlite:///$(CURDIR)/var/demo.sqlite3
demo: export SITE_NOTICE = 架空データ / Fictional data
demo: install ## show the fictional government on http://localhost:8000 (PORT=8000)
	$(PYTHON) manage.py migrate --verbosity 0
	$(PYTHON) manage.py seed_demo
	@$(PYTHON) manage.py recompute >/dev/null
	$(PYTHON) manage.py runserver --noreload localhost:$(PORT)

demo-real: export DATABASE_URL = sqlite:///$(CURDIR)/var/real.sqlite3
demo-real: install ## show Japan's open data (DATA=../shared/data) on http://localhost:8000
	$(PYTHON) manage.py migrate --verbosity 0
	$(PYTHON) manage.py import_rs $(DATA)/rs2024
	$(PYTHON) manage.py import_procedures $(DATA)/procedures/procedures_2024.parquet
	$(PYTHON) manage.py seed_demo --accounts-only
	$(PYTHON) manage.py runserver --noreload localhost:$(PORT)

run: install ## serve the database of the settings, without loading anything
	$(PYTHON) manage.py migrate --verbosity 0
	$(PYTHON) manage.py runserver localhost:$(PORT)

test: .venv/dev.stamp ## run all tests
	$(PYTHON) -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

test-fast: .venv/dev.stamp ## run the pure tests: no database
	$(PYTHON) -m pytest -q tests/projects/metrics $(ARGS)

coverage: .venv/dev.stamp ## run all tests and list what they leave out
	$(PYTHON) -m pytest -q -n $(WORKERS) --dist loadfile --cov --cov-report=term:skip-covered $(ARGS)

coverage-metrics: .venv/dev.stamp ## the pure tests must reach every branch of the metrics
	$(PYTHON) -m pytest -q -n $(WORKERS) tests/projects/metrics tests/projects/imports/test_gmpp.py \
		--cov=projects.metrics --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=100

fuzz-api: .venv/dev.stamp ## call every operation of the API with many made-up cases (FUZZ_EXAMPLES=50)
	FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-50} FUZZ_ALL=1 $(PYTHON) -m pytest -q -n $(WORKERS) tests/projects/api/test_fuzz.py $(ARGS)

fuzz-forms: .venv/dev.stamp ## send every form of the register with many odd fields (FUZZ_EXAMPLES=100)
	FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-100} $(PYTHON) -m pytest -q -n $(WORKERS) tests/projects/test_form_fuzz.py $(ARGS)

mutate: .venv/audit.stamp ## alter access, audit and approvals: which change does no test notice? (ARGS="governance.access*"; hours)
	$(PYTHON) bench/mutate.py $(ARGS)

bench: install ## print how long large work takes, as ratios of this machine (SCALE=100: 145,000 systems)
	$(PYTHON) bench/import_workbook.py
	$(PYTHON) bench/flags.py --scale $(SCALE)

lint: .venv/dev.stamp ## style, types, layers, migrations, deploy checks, translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(PYTHON) manage.py makemigrations --check --dry-run
	SECRET_KEY=$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(60))') ALLOWED_HOSTS=example.go.jp \
		DATABASE_URL=postgres://governance@localhost/governance PROVING_MAIL_DOMAINS=example.go.jp \
		AUDIT_ANCHOR_DIR=/srv/anchors AUDIT_SIGNING_KEY=/srv/keys/audit.pem \
		CACHE_URL=redis://localhost:6379/1 EMAIL_URL=smtp+tls://localhost:587 SITE_URL=https://example.go.jp \
		DJANGO_SETTINGS_MODULE=governance.settings.production $(PYTHON) manage.py check --deploy --fail-level WARNING
	$(PYTHON) manage.py messages --check

types: .venv/dev.stamp ## mypy alone
	$(BIN)/mypy .

arch: .venv/dev.stamp ## the one-way imports alone
	$(BIN)/lint-imports

format: .venv/dev.stamp ## let ruff mend style and imports
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: .venv/dev.stamp ## collect strings (needs gettext) and compile the translations
	$(PYTHON) manage.py messages --collect --compile

check: lint test ## what CI runs, on this machine's services

ci: ## what CI runs, with everything it needs from apt
	.ci/run

lock: ## renew the three locks after a change of requirements (ARGS=--upgrade: newer versions too)
	@test -x var/lock/bin/uv || { $(BASE_PYTHON) -m venv var/lock && var/lock/bin/pip install --quiet $(LOCK_TOOL); }
	$(LOCK) $(ARGS) requirements.txt -o requirements.lock
	$(LOCK) $(ARGS) -c requirements.lock requirements-dev.txt -o requirements-dev.lock
	$(LOCK) $(ARGS) -c requirements-dev.lock requirements-audit.txt -o requirements-audit.lock

pip-audit: .venv/audit.stamp ## ask the public vulnerability data about every package that runs (needs a way out)
	@mkdir -p var
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip -r requirements.lock $(ARGS) >var/pip-audit.txt 2>&1; \
	code=$$?; cat var/pip-audit.txt; \
	if grep -qE 'could not be audited|ServiceError|ConnectionError|Max retries|Timeout' var/pip-audit.txt; \
	then echo "NOT CHECKED: the vulnerability data does not answer from this machine." >&2; exit 3; fi; exit $$code

sbom: .venv/audit.stamp ## write the bill of materials of what is installed to run (CycloneDX JSON) into var/
	@mkdir -p var
	$(BIN)/cyclonedx-py requirements --of JSON --output-reproducible -o var/sbom.cdx.json requirements.lock
	@echo "var/sbom.cdx.json"

clean: ## remove what the targets made, databases included
	rm -rf .venv var staticfiles .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
