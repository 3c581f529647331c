# make demo   train a surrogate for Darcy flow, show its error and its report
# make test   the tests (about ten minutes on two cores)
# make lint   style, format, types
# make docs   the documentation, warnings are errors
# make peers  the comparison with another library on the same data and seconds
# make apebench  small networks as time steps: a published table made again (90 minutes)

PYTHON ?= python3
# Where the published files lie that the comparison uses.
DATA ?= ../shared/data/neuraloperator
BIN := .venv/bin
# Small networks and small tests run fastest on one thread per process.
ONE_THREAD := OMP_NUM_THREADS=1

.PHONY: demo test lint docs peers apebench clean

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,docs,zarr,mesh]'
	touch $@

demo: .venv/ready
	$(BIN)/fredholm fit darcy --seconds 90

test: .venv/ready
	$(ONE_THREAD) $(BIN)/pytest --numprocesses 2 --dist worksteal

lint: .venv/ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright

docs: .venv/ready
	$(ONE_THREAD) $(BIN)/sphinx-build -W --keep-going -b html docs docs/_build

.venv-peers/ready: records/peers/constraints.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install --quiet --disable-pip-version-check --requirement records/peers/constraints.txt
	touch $@

.venv-deepxde/ready: records/pinn/constraints.txt
	$(PYTHON) -m venv .venv-deepxde
	.venv-deepxde/bin/pip install --quiet --disable-pip-version-check --requirement records/pinn/constraints.txt
	touch $@

peers: .venv/ready .venv-peers/ready
	$(BIN)/python records/peers/compare.py $(DATA)

apebench: .venv/ready
	$(BIN)/python records/apebench/table.py

clean:
	rm -rf .venv .venv-peers .venv-deepxde build dist docs/_build docs/generated
