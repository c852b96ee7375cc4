# A fresh machine needs git, Python 3.11+ and make. `make serve` and `make test` set everything up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/pytest -q --numprocesses auto --dist loadfile
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: serve test check format docs lock bench clean setup

serve: $(VENV)/run.stamp  ## run the demo server on loopback
	@$(BIN)/gatepost demo

test: $(VENV)/dev.stamp  ## run the tests
	$(PYTEST)

check: $(VENV)/dev.stamp  ## everything CI checks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/check_house.py
	$(BIN)/python tools/generate_docs.py --check
	$(PYTEST)

setup: $(VENV)/dev.stamp  ## only set up

format: $(VENV)/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/dev.stamp  ## write the generated pages again
	$(BIN)/python tools/generate_docs.py

bench: $(VENV)/dev.stamp  ## run the benchmarks, one after another
	for file in bench/bench_*.py; do $(BIN)/python $$file || exit 1; done

lock: $(VENV)/dev.stamp  ## pin the newest versions again (needs uv on the PATH)
	uv pip compile -q --universal --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
	  --no-annotate --python-version 3.11 pyproject.toml --group build -o requirements.lock
	uv pip compile -q --universal --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
	  --no-annotate --python-version 3.11 pyproject.toml --group dev -o requirements-dev.lock

clean:
	rm -rf $(VENV) var build dist .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("Gatepost needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements-dev.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/run.stamp
