# tickworld: `make` lists what there is. Set-up lives in .venv, is done when needed and costs nothing when done.

PYTHON ?=
PIP_FLAGS ?=
BIN := .venv/bin
STAMP := .venv/.set-up
OUT ?= runs/demo

.PHONY: help setup demo test check format clean force
.DEFAULT_GOAL := help

help:  ## list the targets
	@echo "tickworld: learn a game from its frames and key presses"
	@echo
	@sed -n 's/^\([a-z]*\):.*  ## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16
	@echo
	@echo "  PYTHON=python3.12      the Python to use (3.11 or newer; default: python3.11, else python3)"
	@echo "  PIP_FLAGS=...          more options for pip install, such as where to find a CPU build of PyTorch"

setup: $(STAMP)  ## install everything into .venv

demo: $(STAMP)  ## learn Pong and show it: record, train, evaluate, draw (goes on where it stopped)
	@echo "==> main job: tickworld train demo --out $(OUT)"
	@$(BIN)/tickworld train demo --out $(OUT)

test: check  ## lint, types and tests, as CI runs them
	@echo "==> tests"
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

check: $(STAMP)  ## lint and types
	@echo "==> lint"
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@echo "==> types"
	@$(BIN)/python -m pyright --pythonpath $(BIN)/python  # else it takes the first Python on the PATH

format: $(STAMP)  ## put the code in the house format and mend what lint can mend
	@$(BIN)/python -m ruff check --fix-only .
	@$(BIN)/python -m ruff format .

clean:  ## remove .venv and caches; recordings and runs stay
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis dist build web/node_modules
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is written last and holds the folder it was made in. A set-up that was interrupted, a .venv that was moved
# here and one whose Python has gone are all begun anew; a .venv that someone else made is used and completed.
ifneq ($(shell $(BIN)/python -c pass 2>/dev/null && cat $(STAMP) 2>/dev/null),$(CURDIR))
$(STAMP): force
endif
$(STAMP): pyproject.toml constraints.txt web/package-lock.json
	@PYTHON="$(PYTHON)" PIP_FLAGS="$(PIP_FLAGS)" sh .ci/set-up .venv
	@echo "$(CURDIR)" > $@
