# Two commands do everything on a fresh machine: `make demo` and `make test`.
# Everything they write stays below .venv/ and build/.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMPS := build/stamps
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

COLLECTION_FILES := galaxy.yml README.md COPYING requirements.txt \
	$(shell find meta changelogs plugins roles playbooks extensions -type f -not -name '*.pyc' 2>/dev/null)

export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg

.PHONY: help setup demo test lint unit system bench clean

help:
	@echo 'make demo    embedded ACS, twelve simulated CPEs, the main playbook twice, a drift found'
	@echo 'make test    all checks and tests'
	@echo 'make setup   only set up: .venv, the cwmp command, the collection'
	@echo 'make lint    ruff, mypy, ansible-lint, ansible-test sanity'
	@echo 'make bench   benchmarks beside their floors'
	@echo 'make clean   remove .venv and build'

setup: $(STAMPS)/engine $(STAMPS)/collection

demo: setup
	@$(BIN)/python demo/run.py

test: lint
	$(BIN)/python -m pytest

unit: setup $(STAMPS)/tools
	$(BIN)/python -m pytest tests/unit

system: setup $(STAMPS)/tools
	$(BIN)/python -m pytest tests/system

lint: setup $(STAMPS)/tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PATH="$(CURDIR)/$(BIN):$$PATH" tests/lint/collection.sh build/lint

bench: setup $(STAMPS)/tools
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("cwmp needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)

$(STAMPS)/engine: pyproject.toml $(BIN)/python
	@mkdir -p $(STAMPS)
	$(PIP) install --editable '.[ansible]'
	@touch $@

$(STAMPS)/tools: pyproject.toml $(STAMPS)/engine
	$(PIP) install --editable '.[ansible,dev]'
	@touch $@

$(STAMPS)/collection: $(COLLECTION_FILES) $(STAMPS)/engine
	@mkdir -p build/dist
	@rm -f build/dist/*.tar.gz
	@$(BIN)/ansible-galaxy collection build --force --output-path build/dist . >/dev/null
	@$(BIN)/ansible-galaxy collection install --offline --force --collections-path build/collections build/dist/cpeops-cwmp-*.tar.gz >/dev/null
	@touch $@
