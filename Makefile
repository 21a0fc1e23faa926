# The two commands: `make demo` shows the bundled avatar, `make test` checks everything.
PY := .venv/bin/python

.PHONY: demo test test-all bench lint format clean help

help:  ## List the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

demo:  ## Set up, then serve the bundled avatar and open it in the browser.
	@.ci/setup
	@.venv/bin/emoga demo $(ARGS)

test: lint  ## Set up, then lint, type-check and run the fast tests.
	@$(PY) -m pytest -m "not slow and not gpu"

test-all: lint  ## Like test, with the slow tests; GPU tests where there is a GPU.
	@$(PY) -m pytest

bench:  ## Run every benchmark and print its table.
	@.ci/setup test
	@for name in raster build wire hub browser; do .venv/bin/emoga bench $$name || exit 1; done

lint:  ## Set up, then ruff and pyright.
	@.ci/setup test
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m pyright

format:  ## Rewrite the code in the project's format.
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

clean:  ## Remove the virtual environment and caches.
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis
