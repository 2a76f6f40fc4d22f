# Everything a person types. Needs Python 3.11 with venv, make and git; the rest is installed here.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

# What decides is measured branch by branch, which makes everything slow: so the rest runs apart.
DECIDING := tests/handlers tests/test_transcripts.py
SIDE_BY_SIDE := --numprocesses=2 --dist=loadfile

.PHONY: install run test soak check lint format browser lock pictures clean

# For a server: what the program needs, and nothing for tests.
install: $(VENV)/.installed

run: $(VENV)/.installed
	$(BIN)/python -m bot run

test: $(VENV)/.installed-dev browser
	$(MAKE) lint
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(DECIDING) --cov --cov-report=term:skip-covered
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(addprefix --ignore=,$(DECIDING))

# The long ones at their full size: hours. CI does not run it.
soak: $(VENV)/.installed-dev browser
	SOAK=1 $(BIN)/python -m pytest -m soak

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: $(VENV)/.installed
	$(BIN)/python -m bot check

# The browser tests need Debian's Chromium; a missing one fails them, it does not skip them.
browser:
	@command -v chromium >/dev/null || { SUDO=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$SUDO apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive $$SUDO apt-get install -y -qq --no-install-recommends chromium fonts-noto-core fonts-noto-color-emoji; }

$(VENV)/.installed: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@

# Pin anew; pip-tools runs in an environment of its own.
lock:
	$(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install -q pip-tools
	for name in requirements requirements-dev; do \
	  .venv-lock/bin/pip-compile -q --upgrade --generate-hashes --strip-extras --no-header \
	    --no-emit-index-url --no-emit-find-links $$name.in -o $$name.txt; done
	rm -rf .venv-lock

pictures: $(VENV)/.installed-dev browser
	$(BIN)/python -m tools.pictures docs/pictures

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
