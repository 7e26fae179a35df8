# make run, make test: the environment is made on the first call and kept until requirements.txt changes.

PORT ?= 8501
LAN ?=
WORKERS ?= 2
ARGS ?=
PYTHON ?=

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input
ADDRESS = $(if $(filter-out 0,$(LAN)),0.0.0.0,127.0.0.1)

.PHONY: help run test lint bench screenshots clean
.DEFAULT_GOAL := help

help:
	@echo 'make run     serve the app on http://127.0.0.1:$(PORT)  (PORT=8600 another port, LAN=1 for the whole room)'
	@echo 'make test    the tests, in a real browser too           (ARGS="tests/attacks -k lbfgs" for some, ARGS="-m slow" for the long ones)'
	@echo 'make lint    the linter and the formatter, checking only'
	@echo 'make bench   the benchmark table'
	@echo 'make clean   remove the environment and the caches'

run: $(VENV)/.installed
	@echo 'leaklab: http://127.0.0.1:$(PORT)'
ifneq ($(filter-out 0,$(LAN)),)
	@echo 'Everybody in this network can open it, at port $(PORT) of this machine.'
	@echo 'Browsers open a camera only on the machine itself or over HTTPS: put an HTTPS proxy before it, or upload pictures.'
endif
	@exec $(PY) -m streamlit run streamlit_app.py \
		--server.address $(ADDRESS) --server.port $(PORT) --server.headless true \
		--server.disconnectedSessionTTL "$${LEAKLAB_PRIVATE_GRACE:-600}" \
		--browser.gatherUsageStats false

test: $(VENV)/.dev
	$(PY) tests/browser/find_chromium.py --install
	OMP_NUM_THREADS=1 $(PY) -m pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder $(ARGS)

lint: $(VENV)/.dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

bench: $(VENV)/.dev  # with the allocator set as the pool sets it for its workers
	MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=8589934592 GLIBC_TUNABLES=glibc.malloc.hugetlb=1 $(PY) -m benchmarks $(ARGS)

screenshots: $(VENV)/.dev
	$(PY) -m benchmarks.screenshots

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps are touched last, so that an interrupted installation is taken up again.
$(VENV)/.installed: requirements.txt
	@test -x $(VENV)/bin/pip || { \
		for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
			"$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
			echo "Making $(VENV) with $$($$python --version)"; \
			"$$python" -m venv --clear $(VENV); \
			exit; \
		done; \
		echo 'leaklab needs Python 3.11 or newer with its venv module, and found none: install one (Debian: apt-get install' \
			'python3 python3-venv), or name yours: make PYTHON=/path/to/python3 run' >&2; \
		exit 1; \
	}
	@echo 'Installing requirements.txt: two minutes or so, the first time only'
	@$(PIP) install --quiet --requirement requirements.txt --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.installed pyproject.toml
	@$(PIP) install --quiet --editable '.[dev]'
	@touch $@
