# make demo    train, erase, retrain, sweep and report on embedded data (a few minutes)
# make test    the test suite          make lint    style, types, folder order
# make help    all targets
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
JOBS   ?= $(shell nproc 2>/dev/null || echo 2)

# Processes share the cores: more than one thread each is many times slower.
export OMP_NUM_THREADS = 1
# Compiled modules are kept. Without them every process compiles the package and its tests again, which takes 10 s.
export PYTHONDONTWRITEBYTECODE =

.PHONY: help demo quick test test-slow test-gpu test-interop lint format dist docs figures benchmarks clean

help:
	@echo "make demo        the main job on embedded data, into runs/demo (open runs/demo/report.html)"
	@echo "make quick       the tests of what changed since the last commit, or a small selection (under a minute)"
	@echo "make test        the test suite (minutes)"
	@echo "make test-slow   the tests that take longer;  make test-gpu: those that need CUDA"
	@echo "make test-interop the tests that need ONNX or TensorFlow, in an environment of their own (.venv-interop)"
	@echo "make lint        style, types and the order of the folders;  make format: apply the style"
	@echo "make dist        wheel and source archive, built, checked, and installed in a fresh environment"
	@echo "make docs        the documentation site, into docs/_build/html; a warning is an error"
	@echo "make figures     figures and numbers of the documentation, from the recorded rows"
	@echo "make benchmarks  speed beside the naive way"

# A virtual environment of our own. torch first: a bare 'pip install' of something that needs it could bring a CUDA build.
$(VENV)/installed: setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "semlink needs Python 3.11 or newer; try: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test,lint]'
	touch $@

demo: $(VENV)/installed
	$(BIN)/semlink quickstart --out runs/demo
	@echo "Look next at runs/demo/report.html (the report), runs/demo/figures, runs/demo/results.jsonl (every number)."

quick: $(VENV)/installed
	$(BIN)/python -m pytest --numprocesses $(JOBS) --seconds 40 $$($(BIN)/python .ci/changed_tests.py)

test: $(VENV)/installed
	$(BIN)/python -m pytest --numprocesses $(JOBS)
	@echo "Look next at 'make demo', README.md and docs/."

test-slow: $(VENV)/installed
	$(BIN)/python -m pytest --numprocesses $(JOBS) -m slow

test-gpu: $(VENV)/installed
	$(BIN)/python -m pytest -m gpu

# The optional packages have an environment of their own, so that the others are tested without them.
INTEROP := .venv-interop
INTEROP_TESTS = tests/codecs/test_interop_export.py tests/codecs/test_interop_tf_*.py tests/experiments/*/test_*_export.py \
                tests/codecs/test_interop_onnx_*.py tests/experiments/workflow/test_onnx_import.py tests/integration/test_interop_tutorial.py

$(INTEROP)/installed: setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv $(INTEROP)
	$(INTEROP)/bin/python -m pip install --quiet --constraint constraints.txt torch
	$(INTEROP)/bin/python -m pip install --quiet --constraint constraints.txt tensorflow-cpu ai-edge-litert
	$(INTEROP)/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[test,onnx]'
	touch $@

test-interop: $(INTEROP)/installed
	$(INTEROP)/bin/python -m pytest --numprocesses $(JOBS) $(INTEROP_TESTS)

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python docs/draw.py --check
	cd src && ../$(BIN)/mypy --config-file ../pyproject.toml -p semlink
	$(BIN)/basedpyright --project pyproject.toml --pythonpath $(BIN)/python

format: $(VENV)/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What users get: the archives are built from the sources alone, and the wheel is tried where nothing else is.
FRESH := .venv-dist
dist: $(VENV)/installed
	rm -rf build dist src/*.egg-info $(FRESH)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[release]'
	$(BIN)/python -m build
	$(BIN)/check-wheel-contents dist/*.whl
	$(PYTHON) -m venv $(FRESH)
	$(FRESH)/bin/python -m pip install --quiet --constraint constraints.txt torch
	$(FRESH)/bin/python -m pip install --quiet --constraint constraints.txt dist/*.whl
	$(FRESH)/bin/semlink --help
	$(FRESH)/bin/semlink list bundles
	cd $(FRESH) && bin/python ../docs/first_steps.py
	$(BIN)/basedpyright --project pyproject.toml --pythonpath $(FRESH)/bin/python

# Nothing is fetched while the site is built: no fonts, no scripts, no other site's index.
docs: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --fresh-env --quiet docs docs/_build/html
	@echo "Look next at docs/_build/html/index.html."

figures: $(VENV)/installed
	$(BIN)/python docs/draw.py

benchmarks: $(VENV)/installed
	for script in experiments/benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

clean:
	rm -rf $(VENV) $(INTEROP) $(FRESH) build dist docs/_build *.egg-info src/*.egg-info .*_cache
