# The two commands: `make demo` shows the bundled avatar, `make test` checks everything.
PY := .venv/bin/python
# Waiting threads sleep: on a busy machine spinning ones make everything many times slower.
export OMP_WAIT_POLICY := PASSIVE

.PHONY: demo test test-all bench lint format bundled-avatar pictures clean help

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
	@for name in raster build wire hub browser edit; do .venv/bin/emoga bench $$name || exit 1; done

lint:  ## Set up, then ruff and pyright.
	@.ci/setup test
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m pyright

format:  ## Rewrite the code in the project's format.
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

STATES := happy:happy sad:sad angry:angry surprised:surprised disgust:disgusted fear:afraid
BUNDLED := emoga_core/avatars/bundled/kofi.emoga

bundled-avatar:  ## Remake the bundled avatar from nothing (about half an hour on two cores).
	@.ci/setup
	.venv/bin/emoga capture synth captures/kofi768 --subject kofi --frames 24 --size 768
	.venv/bin/emoga build captures/kofi768 -o $(BUNDLED) --force --gaussians 42000 --steps 6000 \
	  --holdout-cameras 3 --holdout-frames 23
	.venv/bin/emoga motion remove $(BUNDLED) capture
	.venv/bin/emoga motion add $(BUNDLED) talk --synth speech --seconds 16
	.venv/bin/emoga motion add $(BUNDLED) rest --synth idle --seconds 12
	@for state in $(STATES); do set -x; .venv/bin/emoga edit $(BUNDLED) --name $${state%%:*} \
	  --prompt $${state#*:} --views 9 --frames 6 --size 384 --sheet captures/$${state%%:*}.png || exit 1; done
	.venv/bin/emoga bake $(BUNDLED)

pictures:  ## Remake the README's pictures from the bundled avatar and captures/kofi768.
	@.ci/setup test
	$(PY) .github/pictures/make.py captures/kofi768

clean:  ## Remove the virtual environment and caches.
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis
