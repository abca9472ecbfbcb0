# Every target uses .venv, which `make env` makes from the lock file alone.
SHELL := /bin/bash
# The system's own Python where it is new enough: it is built with profile-guided optimisation, and it is what operators have.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell /usr/bin/python3 -c '$(NEW_ENOUGH)' 2>/dev/null && echo /usr/bin/python3 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := nginx xmlsec1 wrk postgresql
HOME_DIR ?= .demo-home
SUDO := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)

.PHONY: env packages demo test deep check bench lock clean

env: $(VENV)/.complete

$(VENV)/.complete: requirements.lock pyproject.toml
	@$(PYTHON) -c '$(NEW_ENOUGH)' || { echo "Python 3.11 or newer is needed."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || $(MAKE) --no-print-directory install-packages WANTED=python3-venv
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Debian packages that the tests drive: nginx (a reverse proxy), xmlsec1 (a second opinion on signatures), the server of PostgreSQL; wrk for the bench.
packages:
	@missing=""; for name in $(PACKAGES); do command -v $$name >/dev/null || [ -x /usr/sbin/$$name ] || ls /usr/lib/$$name/*/bin/initdb >/dev/null 2>&1 || missing="$$missing $$name"; done; \
	[ -z "$$missing" ] || $(MAKE) --no-print-directory install-packages WANTED="$$missing"

.PHONY: install-packages
install-packages:
	@command -v apt-get >/dev/null || { echo "Install these packages first: $(WANTED)"; exit 1; }
	$(SUDO) apt-get update -qq
	DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $(WANTED)

demo: env
	$(BIN)/carnet demo --home $(HOME_DIR)

test: env packages
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not deep"

# The long forms: before a release, by hand.
deep: env packages
	$(BIN)/python -m pytest -n 0 -m deep -rP

check: env
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: env packages
	$(BIN)/python -m bench

lock:
	$(BIN)/pip-compile --quiet --extra dev --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-find-links \
	  --no-emit-trusted-host --no-header --strip-extras -o requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) .demo-home .mypy_cache .ruff_cache .pytest_cache .import_linter_cache *.egg-info
