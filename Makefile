# Each target sets up what it needs in .venv; nothing outside this folder is touched.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Where this is set, each process compiles everything anew, and the tests start hundreds.
unexport PYTHONDONTWRITEBYTECODE
DISTRIBUTIONS := core plugins/sfmc contrib/host contrib/kafka contrib/rabbitmq contrib/sfmc-extras contrib/sfmc-simulator contrib/webhook

.PHONY: help demo live test test-rabbitmq test-kafka test-stores test-minimum lint format bench docs release-check clean
help:  ## show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

$(READY): constraints.txt pyproject.toml $(DISTRIBUTIONS:%=%/pyproject.toml)
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
		{ echo "Python 3.11 or newer with venv is needed; on Debian: apt-get install python3-venv"; exit 1; }
	@echo "installing into .venv (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt pip
	@$(BIN)/python -m pip install --quiet -c constraints.txt --group build
	@$(BIN)/python -m pip install --quiet -c constraints.txt --group dev \
		--no-build-isolation $(DISTRIBUTIONS:%=-e %)
	@touch $@

demo: $(READY)  ## simulator, sample tenant, some thousands of events, and what became of them
	@$(BIN)/wharfinger demo

live: $(READY)  ## simulator and dashboard, to send events of your own, until Ctrl-C
	@$(BIN)/wharfinger demo --live

test: $(READY)  ## everything but the benchmarks, what needs servers and what is long about Kafka
	@$(BIN)/python -m pytest -n auto --dist loadgroup \
		-m "not bench and not rabbitmq and not kafka and not stores"

test-rabbitmq: $(READY)  ## the tests that need RabbitMQ; installs it if it is not there
	@tests/rabbitmq/install
	@WHARFINGER_NEEDS_RABBITMQ=1 $(BIN)/python -m pytest tests/rabbitmq -m rabbitmq

test-kafka: $(READY)  ## the engine over Kafka against an imitation of three brokers, workers killed
	@$(BIN)/python -m pytest tests/kafka

test-minimum: $(READY)  ## all with the oldest versions they say they work with, in .venv-minimum
	@$(BIN)/python -m tests.release.minimum > .venv/minimum.txt
	@test -x .venv-minimum/bin/python || $(PYTHON) -m venv .venv-minimum
	@echo "installing into .venv-minimum ..."
	@.venv-minimum/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt pip
	@.venv-minimum/bin/python -m pip install --quiet -c .venv/minimum.txt --group build
	@.venv-minimum/bin/python -m pip install --quiet -c .venv/minimum.txt --group test --group lint \
		--no-build-isolation $(DISTRIBUTIONS:%=-e %)
	@.venv-minimum/bin/python -m pytest -n auto --dist loadgroup \
		-m "not bench and not rabbitmq and not kafka and not stores and not packaging" \
		tests/core tests/sfmc tests/sfmc_extras tests/simulator tests/webhook tests/host tests/kafka
	@.venv-minimum/bin/python -m pytest tests/rabbitmq/test_engine.py tests/stores tests/host -m "rabbitmq or stores"

test-stores: $(READY)  ## the tests that need Redis and PostgreSQL; installs them if they are not there
	@tests/stores/install
	@WHARFINGER_NEEDS_STORES=1 $(BIN)/python -m pytest tests/stores tests/host -m stores

lint: $(READY)  ## ruff and mypy strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(READY)  ## let ruff rewrite what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(READY)  ## speed, as ratios measured in one run
	@$(BIN)/python -m pytest tests/bench -m bench -q --benchmark-columns=min,median,max,rounds --benchmark-warmup=on
	@$(BIN)/python -m tests.bench.whole_path
	@$(BIN)/python -m tests.bench.whole_path --only "floor,inbox at once" --sizes 50 --inflight 16

docs: $(READY)  ## the documentation, warnings as errors
	@$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

release-check: $(READY)  ## what a release needs: wheels that install and work, and what of the public face breaks
	@$(BIN)/python -m pytest -m packaging tests/meta tests/release
	@$(BIN)/python -m tests.release.api

clean:  ## forget .venv and everything built
	@rm -rf .venv .venv-minimum dist build docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis
