# Everything a newcomer needs: `make demo`, `make test`. Only Python 3.11+ and make have to be there.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt

# where what is told rests on sums of NumPy and SciPy; a minute
NUMERICAL := $(addprefix tests/,inference effects compare associations ablate refits weighing results/test_importance_certainty.py)

# a process for each core, up to four; tests of one file stay together, so that what they share is made once
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

.PHONY: demo test test-fast test-numerics lint types check pictures docs odd bench calibrate ecosystem release-check clean

demo: $(VENV)/.demo  ## simulate a league, train the article's network, weigh it, draw the bars
	$(BIN)/weighin demo --force

test: $(VENV)/.dev  ## the whole test suite
	$(PYTEST)

test-fast: $(VENV)/.dev  ## without what trains, starts processes or a browser: within a minute
	$(PYTEST) -m "not slow"

test-numerics: $(VENV)/.dev  ## the numerical tests as on another processor: OpenBLAS adds in another order
	@kernel=$$($(BIN)/python tests/kernels.py) && \
	if [ -z "$$kernel" ]; then echo "OpenBLAS has no other kernel for this processor: nothing to test again"; \
	else set -x; OPENBLAS_CORETYPE=$$kernel $(BIN)/python -m pytest $(NUMERICAL); fi

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

check: lint types test test-numerics

pictures: $(VENV)/.dev  ## the pictures of the README, drawn again
	$(BIN)/python docs/make_pictures.py

docs: $(VENV)/.docs  ## the site, docs/_build/html: every example run, warnings are errors, links followed
	$(BIN)/python -m sphinx -b html -W --keep-going -q -j auto docs docs/_build/html
	$(BIN)/python docs/check_links.py docs/_build/html

odd: $(VENV)/.dev  ## odd and bad calls of everything, made from a seed: what comes of them, by class
	$(BIN)/python -m odd

bench: $(VENV)/.bench  ## weighin beside its alternatives, ratios in benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks

calibrate: $(VENV)/.dev  ## how often intervals hold, in docs/calibration*.md and docs/ablation.md (an hour)
	$(BIN)/python -m calibration
	$(BIN)/python -m calibration.weighed
	$(BIN)/python -m calibration.sharing
	$(BIN)/python -m calibration.given
	$(BIN)/python -m calibration.given_more
	$(BIN)/python -m calibration.leaving_out
	$(BIN)/python -m calibration.interacting
	$(BIN)/python -m calibration.refits

ecosystem: $(VENV)/.dev  ## every framework beside a ten-line loop, in environments of their own: docs/works-with.md
	$(BIN)/python -m ecosystem

release-check: $(VENV)/.dev  ## wheel and sdist, built, installed into bare environments and used there, with each extra
	$(BIN)/python -m release

clean:
	rm -rf $(VENV) .ecosystem weighin-demo docs/_build docs/api

$(BIN)/python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "weighin needs Python 3.11 or newer; try: make PYTHON=/path/to/python3.11 demo"; exit 1; }
	"$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --upgrade 'pip>=24'

# torch goes in first and alone: pip then takes a CPU build of the pinned version where one is offered.
$(VENV)/.torch: constraints.txt | $(BIN)/python
	@echo "installing PyTorch and fastai into $(VENV) (a few minutes, once)"
	$(PIP) torch
	touch $@

$(VENV)/.demo: pyproject.toml $(VENV)/.torch
	$(PIP) -e '.[all]'
	touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.torch
	$(PIP) -e '.[dev]'
	touch $@ $(VENV)/.demo

$(VENV)/.docs: pyproject.toml $(VENV)/.torch
	$(PIP) -e '.[docs]'
	touch $@ $(VENV)/.demo

$(VENV)/.bench: $(VENV)/.dev
	$(PIP) -e '.[bench]'
	touch $@
