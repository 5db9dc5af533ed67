# make demo    train, erase, retrain, sweep and report on embedded data (a few minutes)
# make test    the test suite          make lint    style, types, folder order
# make help    all targets
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
JOBS   ?= $(shell nproc 2>/dev/null || echo 2)
# The build of torch: cpu, cu130 (a version of CUDA), auto (what the driver here takes); empty: what pip finds
TORCH  ?=

# Processes share the cores: more than one thread each is many times slower.
export OMP_NUM_THREADS = 1
# Compiled modules are kept. Without them every process compiles the package and its tests again, which takes 10 s.
export PYTHONDONTWRITEBYTECODE =

.PHONY: help demo quick test test-slow test-gpu test-interop lint format lock dist docs figures benchmarks clean

help:
	@echo "make demo        the main job on embedded data, into runs/demo (open runs/demo/report.html)"
	@echo "make quick       the tests of what changed since the last commit, or a small selection (under a minute)"
	@echo "make test        the test suite (minutes)"
	@echo "make test-slow   the tests that take longer;  make test-gpu: those that need CUDA"
	@echo "make test-interop the tests that need ONNX or TensorFlow, in an environment of their own (.venv-interop)"
	@echo "make lint        style, types and the order of the folders;  make format: apply the style"
	@echo "make lock        the requirements files with hashes, after a change of setup.cfg or constraints.txt"
	@echo "make dist        wheel and source archive, built, checked, and installed in a fresh environment"
	@echo "make docs        the documentation site, into docs/_build/html; a warning is an error"
	@echo "make figures     figures and numbers of the documentation, from the recorded rows"
	@echo "make benchmarks  speed beside the naive way"

# A virtual environment of our own: files whose hashes are known, and nothing that is not listed. torch has none, since its
# file depends on the machine (.ci/lock.py); it comes after what it needs, so that no more than torch is looked for.
install_torch = $(if $(TORCH),$(BIN)/uv pip install --quiet --torch-backend $(TORCH) --python $(1)/python, \
                $(1)/python -m pip install --quiet) --constraint constraints.txt torch
$(VENV)/installed: setup.cfg pyproject.toml constraints.txt requirements-dev.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "semlink needs Python 3.11 or newer; try: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps --requirement requirements-dev.txt
	$(call install_torch,$(BIN))
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check
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

$(INTEROP)/installed: setup.cfg pyproject.toml constraints.txt $(VENV)/installed
	$(PYTHON) -m venv $(INTEROP)
	$(call install_torch,$(INTEROP)/bin)
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

lock: $(VENV)/installed
	$(BIN)/python .ci/lock.py

# What users get: the archives are built from the sources alone, and the wheel is tried where nothing else is.
FRESH := .venv-dist
dist: $(VENV)/installed
	rm -rf build dist src/*.egg-info $(FRESH)
	$(BIN)/python -m build --no-isolation
	$(BIN)/check-wheel-contents dist/*.whl
	$(PYTHON) -m venv $(FRESH)
	$(FRESH)/bin/python -m pip install --quiet --require-hashes --no-deps --requirement requirements.txt
	$(call install_torch,$(FRESH)/bin)
	$(FRESH)/bin/python -m pip install --quiet --no-deps dist/*.whl
	$(FRESH)/bin/python -m pip check
	bash .ci/try_installed $(CURDIR)/$(FRESH)/bin
	$(BIN)/basedpyright --project pyproject.toml --pythonpath $(FRESH)/bin/python

# Nothing is fetched while the site is built: no fonts, no scripts, no other site's index.
docs: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps --requirement requirements-docs.txt
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --fresh-env --quiet docs docs/_build/html
	@echo "Look next at docs/_build/html/index.html."

figures: $(VENV)/installed
	$(BIN)/python docs/draw.py

benchmarks: $(VENV)/installed
	for script in experiments/benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

clean:
	rm -rf $(VENV) $(INTEROP) $(FRESH) build dist docs/_build *.egg-info src/*.egg-info .*_cache
