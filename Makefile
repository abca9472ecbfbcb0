# Every target uses .venv, which `make env` makes from the lock file alone.
SHELL := /bin/bash
# The system's own Python where it is new enough: it is built with profile-guided optimisation, and it is what operators have.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell /usr/bin/python3 -c '$(NEW_ENOUGH)' 2>/dev/null && echo /usr/bin/python3 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := nginx xmlsec1 wrk postgresql chromium
# The words of scanned pages, in French: part of the service where it is installed.
OPTICAL := tesseract-ocr tesseract-ocr-fra
HOME_DIR ?= .demo-home
SUDO := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)

# Bytecode is kept whatever the shell says: a server that starts, after a crash perhaps, compiles nothing.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: env packages demo test deep check bench bench-overload lock clean

env: $(VENV)/.complete

$(VENV)/.complete: requirements.lock pyproject.toml
	@$(PYTHON) -c '$(NEW_ENOUGH)' || { echo "Python 3.11 or newer is needed."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || $(MAKE) --no-print-directory install-packages WANTED=python3-venv
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q carnet
	@touch $@

# Debian packages that the tests drive: nginx (a reverse proxy), xmlsec1 (a second opinion on signatures), the server of PostgreSQL,
# chromium (the pages of the patient's space), tesseract with its French (the words of scanned pages); wrk for the bench.
packages:
	@missing=""; for name in $(PACKAGES); do command -v $$name >/dev/null || [ -x /usr/sbin/$$name ] || ls /usr/lib/$$name/*/bin/initdb >/dev/null 2>&1 || missing="$$missing $$name"; done; \
	tesseract --list-langs 2>/dev/null | grep -qx fra || missing="$$missing $(OPTICAL)"; \
	[ -z "$$missing" ] || $(MAKE) --no-print-directory install-packages WANTED="$$missing"

# Real S3 services for the deep tests, which are skipped where they are not installed.
.PHONY: deep-packages
deep-packages:
	$(MAKE) --no-print-directory install-packages WANTED="swift-proxy swift-account swift-container swift-object ceph-mon ceph-osd radosgw"

.PHONY: install-packages
install-packages:
	@command -v apt-get >/dev/null || { echo "Install these packages first: $(WANTED)"; exit 1; }
	$(SUDO) apt-get update -qq
	DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $(WANTED)

demo: env
	$(BIN)/carnet demo --home $(HOME_DIR)

# One more at a time than there are processors: many tests wait for servers and browsers.
test: env packages
	$(BIN)/python -m pytest -n $$(( $$(nproc) + 1 )) --dist worksteal -m "not deep"

# The long forms, before a release and by hand: the tests under fire with their big counts (tests/durability; figures go to its results/),
# failovers, a real S3 service. Takes hours.
deep: env packages
	DURABILITY=deep $(BIN)/python -m pytest -n 0 -m deep -rP
	DURABILITY=deep $(BIN)/python -m pytest tests/durability tests/repository/test_crash.py -n 0 -s -m "not deep"

check: env
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What the bench drives beside: a C compiler (slower disks), PostgreSQL, Orthanc as a neighbour. A fresh Orthanc of Debian's starts by itself.
.PHONY: bench-packages bench-deep
bench-packages: packages
	@missing=""; [ -x "$$(command -v gcc)" ] || missing="$$missing gcc libc6-dev"; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$$missing postgresql"; \
	[ -x /usr/sbin/Orthanc ] || missing="$$missing orthanc"; \
	[ -z "$$missing" ] || $(MAKE) --no-print-directory install-packages WANTED="$$missing"

# About 25 minutes on an idle machine, 5 GB of disk for a while; the page is bench/results/README.md.
bench: env bench-packages
	$(BIN)/python -m bench

# Hours, and 40 GB of disk: 10,000,000 documents and an hour of mixed load.
bench-deep: env bench-packages
	$(BIN)/python -m bench --deep

# The README's pictures of the patient's space, from a demonstration of its own: docs/pictures.
.PHONY: pictures
pictures: env packages
	$(BIN)/python frontend/pictures.py

bench-overload: env packages
	$(BIN)/python -m bench.overload

lock:
	$(BIN)/pip-compile --quiet --extra dev --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-find-links \
	  --no-emit-trusted-host --no-header --strip-extras -o requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) .demo-home .mypy_cache .ruff_cache .pytest_cache .import_linter_cache *.egg-info
