# make demo   start a daemon in a private directory, ask it something, stop it
# make test   the whole test suite
# make check  style, types, layers
# make eval   quality of the built-in model on held-out rows (DATA=../shared/data)
# make bench  figures of docs/hot-paths.md, as ratios taken on this machine

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo test check bench eval clean
.DELETE_ON_ERROR:

demo: $(VENV)/lmd.stamp
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh scripts/demo.sh

test: $(VENV)/test.stamp
	@echo "== running the tests"
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(TESTS)

check: $(VENV)/test.stamp
	@echo "== ruff"
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@echo "== mypy"
	$(BIN)/mypy
	@echo "== layers"
	$(BIN)/lint-imports

bench: $(VENV)/test.stamp
	$(BIN)/python -m bench $(BENCH)

DATA ?= ../shared/data
PREVIOUS_COMMIT := 852384d
eval: $(VENV)/test.stamp
	@mkdir -p build
	git show $(PREVIOUS_COMMIT):lmd/data/shell.gguf > build/previous.gguf
	$(BIN)/python -m training.evaluate --data $(DATA) --previous build/previous.gguf $(EVAL)

clean:
	rm -rf $(VENV) build dist

$(VENV)/python.stamp:
	@test -n "$(PYTHON)" || { echo "lmd needs Python 3.11 or later; set PYTHON=/path/to/python"; exit 1; }
	@echo "== making $(VENV) with $(PYTHON)"
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade pip
	@touch $@

$(VENV)/lmd.stamp: $(VENV)/python.stamp pyproject.toml
	@echo "== installing lmd; llama.cpp is compiled the first time, which takes about 5 minutes on 2 cores"
	$(PIP) install --progress-bar off --editable .
	@touch $@

$(VENV)/test.stamp: $(VENV)/lmd.stamp
	@echo "== installing what the tests and checks need"
	$(PIP) install --progress-bar off --editable '.[test,check]'
	@touch $@
