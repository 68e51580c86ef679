# Everything a newcomer needs is `make demo` and `make test`; `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PORT ?= 8000
DATA ?= ../shared/data
WORKERS ?= auto
BIN := .venv/bin
PYTHON := $(BIN)/python
BASE_PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	if command -v $$p >/dev/null && $$p -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then echo $$p; break; fi; done)

.PHONY: help install demo demo-real run test test-fast lint format types messages bench clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 14

.venv/runtime.stamp: requirements.txt
	@test -n "$(BASE_PYTHON)" || { echo "Python 3.11 or newer with its venv module is needed (on Debian and Ubuntu: apt-get install python3 python3-venv)."; exit 1; }
	@test -x $(PYTHON) || $(BASE_PYTHON) -m venv .venv
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/dev.stamp: .venv/runtime.stamp requirements-dev.txt
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

install: .venv/runtime.stamp ## make .venv and install what the product needs

demo: export DATABASE_URL = sqlite:///$(CURDIR)/var/demo.sqlite3
demo: export SITE_NOTICE = 架空データ / Fictional data
demo: install ## show the fictional government on http://127.0.0.1:8000
	@mkdir -p var
	$(PYTHON) manage.py migrate --verbosity 0
	$(PYTHON) manage.py seed_demo
	$(PYTHON) manage.py runserver --noreload 127.0.0.1:$(PORT)

demo-real: export DATABASE_URL = sqlite:///$(CURDIR)/var/real.sqlite3
demo-real: install ## show Japan's open data (DATA=../shared/data) on http://127.0.0.1:8000
	@mkdir -p var
	$(PYTHON) manage.py migrate --verbosity 0
	$(PYTHON) manage.py import_rs $(DATA)/rs2024
	$(PYTHON) manage.py import_procedures $(DATA)/procedures/procedures_2024.parquet
	$(PYTHON) manage.py seed_demo --accounts-only
	$(PYTHON) manage.py runserver --noreload 127.0.0.1:$(PORT)

run: install ## serve the database of the settings, without loading anything
	$(PYTHON) manage.py migrate --verbosity 0
	$(PYTHON) manage.py runserver 127.0.0.1:$(PORT)

test: .venv/dev.stamp ## run all tests
	$(PYTHON) -m pytest -n $(WORKERS) --dist loadfile

test-fast: .venv/dev.stamp ## run the pure tests: no database
	$(PYTHON) -m pytest -q tests/projects/metrics

lint: .venv/dev.stamp ## style, types, layers, migrations, deploy checks, translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(PYTHON) manage.py makemigrations --check --dry-run
	SECRET_KEY=$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(60))') ALLOWED_HOSTS=example.go.jp \
		DJANGO_SETTINGS_MODULE=governance.settings.production $(PYTHON) manage.py check --deploy --fail-level WARNING
	$(PYTHON) manage.py messages --check

types: .venv/dev.stamp ## mypy alone
	$(BIN)/mypy .

format: .venv/dev.stamp ## let ruff mend style and imports
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: .venv/dev.stamp ## collect strings (needs gettext) and compile the translations
	$(PYTHON) manage.py messages --collect --compile

bench: .venv/dev.stamp ## print the benchmarks' ratios
	@for script in bench/*.py; do $(PYTHON) $$script; done

clean: ## remove what the targets made, databases included
	rm -rf .venv var staticfiles .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
