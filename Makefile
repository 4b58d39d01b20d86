# Two commands on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test lint format bench accuracy docs site bundle reference lock sbom audit fuzz clean

help:
	@echo "make demo       set up, make the demo round in $(DEMO)/, audit it, say how to open reports and review desk"
	@echo "make test       install what the tests need and run them all"
	@echo "make lint       linters and type check"
	@echo "make bench      speed, as ratios against floors in the same run -> bench.json"
	@echo "make accuracy   the accuracy lab -> docs/accuracy.md, accuracy.json"
	@echo "make docs       docs/methods.md from what the checks say about themselves"
	@echo "make site       the documentation as pages that are read and searched without a network"
	@echo "make bundle     all that a server without network needs -> dist/survey-audit-bundle.tar.gz"
	@echo "make reference  learn the built-in honest distributions again"
	@echo "make sbom       the bill of materials (CycloneDX) on standard output"
	@echo "make audit      known holes in the locked packages; pip-audit and a network, or ADVISORIES=all.zip"
	@echo "make fuzz       the hostile corpus, and 20,000 changed files into every parser (10 minutes)"
	@echo "make lock       lock the dependencies again, with hashes"

# Debian's python3 comes without venv; where root may install it, it does.
$(BIN)/python:
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || { rm -rf $(VENV); \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null && $(PYTHON) -m venv $(VENV); \
	  else $(PYTHON) -m pip install --user --quiet virtualenv && $(PYTHON) -m virtualenv --quiet $(VENV); fi; } \
	  || { echo "no virtual environment can be made: install the package python3-venv"; exit 3; }

$(VENV)/run.stamp: requirements.lock pyproject.toml | $(BIN)/python
	@echo "installing what survey-audit needs (about 2 minutes the first time)"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/test.stamp: tests/requirements.lock $(VENV)/run.stamp
	@$(BIN)/python -m pip install --quiet --require-hashes -r tests/requirements.lock
	@sh tests/system_packages.sh
	@touch $@

demo: $(VENV)/run.stamp
	@$(BIN)/survey-audit demo $(DEMO)

test: $(VENV)/test.stamp
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests

lint: $(VENV)/test.stamp
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "run: make format"; exit 1; }
	@$(BIN)/mypy

format: $(VENV)/test.stamp
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

bench: $(VENV)/test.stamp
	@$(BIN)/python -m tests.bench

accuracy: $(VENV)/test.stamp
	@$(BIN)/python -m tests.accuracy

docs: $(VENV)/test.stamp
	@$(BIN)/python -m tests.methods_page

site: $(VENV)/test.stamp
	@$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

bundle: $(VENV)/run.stamp
	@rm -rf dist/survey-audit-bundle && mkdir -p dist/survey-audit-bundle
	@$(BIN)/python -m pip download --quiet --require-hashes -r requirements.lock -d dist/survey-audit-bundle/wheels
	@$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation -w dist/survey-audit-bundle .
	@cp requirements.lock docs/deploy/install.sh docs/installing.md LICENSE dist/survey-audit-bundle/
	@tar -czf dist/survey-audit-bundle.tar.gz -C dist survey-audit-bundle
	@echo "dist/survey-audit-bundle.tar.gz"

reference: $(VENV)/test.stamp
	@$(BIN)/python -m tests.accuracy.reference

sbom: $(VENV)/test.stamp
	@$(BIN)/python -m tests.supply.sbom

audit: $(VENV)/test.stamp
	@$(BIN)/python -m tests.supply.audit $(if $(ADVISORIES),--advisories $(ADVISORIES))

fuzz: $(VENV)/test.stamp
	@$(BIN)/python -m tests.hostile
	@$(BIN)/python -m tests.hostile.fuzz --inputs 20000

lock: | $(BIN)/python
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-annotate --python-version 3.11 \
	  --extra build --extra docs --extra oidc --extra postgres --extra s3 --extra test pyproject.toml -o tests/requirements.lock
	@$(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-annotate --python-version 3.11 \
	  --extra build -c tests/requirements.lock pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) $(DEMO) .mypy_cache .ruff_cache .pytest_cache dist bench.json accuracy.json .accuracy_cache
