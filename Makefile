# Two commands: `make run` and `make test`. PYTHON names the interpreter (3.11 or newer).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test quick types check gpu-check install install-test clean

run: install
	$(BIN)/farview serve --demo --lan

install: $(VENV)/.installed
$(VENV)/.installed: pyproject.toml viewer/package-lock.json
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

install-test: $(VENV)/.installed-test
$(VENV)/.installed-test: $(VENV)/.installed pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	sh tests/programs.sh
	@touch $@

# The page is built by the installation; here again, so that a changed source is never tested against an old page.
# Whoever reads in a browser has nothing running beside it, the rest runs on every core.
test: install-test check
	$(BIN)/python -m pytest -m alone; alone=$$?; $(BIN)/python -m pytest -n auto -m "not alone" && exit $$alone

quick: install-test
	$(BIN)/python -m pytest -n auto -m "not slow"

check: install-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python viewer/hatch_build.py --check

# For a machine with an NVIDIA card: every kernel against its reference, then timings, then one page.
gpu-check: install
	$(BIN)/python -m pip install --quiet --editable '.[gpu]'
	$(BIN)/python -m benchmarks.gpu_check

types:
	$(BIN)/python viewer/generate_types.py

clean:
	rm -rf $(VENV) viewer/node_modules api/static
