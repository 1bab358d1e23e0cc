# The one door to every task. `make help` lists them.

SHELL := /bin/sh
PY := .venv/bin/python
DEVCLUSTER := python3 -m devcluster
# With a cluster of your own (KUBECONFIG, or CLUSTER_PROVIDER=kind|k3d|minikube) devcluster is not
# used; that cluster must have, or be able to pull, the image.
OWN_CLUSTER := $(filter-out $(shell $(DEVCLUSTER) kubeconfig 2>/dev/null),$(KUBECONFIG))$(CLUSTER_PROVIDER)
IMAGES := $(if $(OWN_CLUSTER),,LOAD=1 )images/build
# Tests run side by side; more workers than this only get into each other's way on two cores.
WORKERS ?= 3

.PHONY: help env cluster cluster-down images demo down test test-pure test-cluster test-pythons lint format bench fields clean

help: ## List the targets.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

env: .venv/.made .venv-jobs/.made ## Make .venv (gateway, development) and .venv-jobs (clients).

.venv/.made: setup.cfg pyproject.toml tools/make-venv tools/find-python
	@tools/make-venv .venv -e '.[dev]'

.venv-jobs/.made: setup.cfg pyproject.toml tools/make-venv tools/find-python
	@tools/make-venv .venv-jobs -e '.[jobs,client-tests]'

cluster: ## Start a real Kubernetes on this machine (devcluster).
	@$(if $(OWN_CLUSTER),echo "Using your own cluster: $(OWN_CLUSTER)",$(DEVCLUSTER) up)

cluster-down: ## Stop it and leave nothing behind.
	@$(DEVCLUSTER) down

images: ## Build the kernel images (BUILDER=, REGISTRY=, TAG=, PUSH=1, LOAD=1).
	@images/build

demo: env cluster ## Run a notebook in kernel pods of two profiles (REGISTRY=, TAG=, PUSH=1).
	@$(IMAGES)
	@$(PY) examples/demo.py

down: ## Stop what `make demo` started: gateway and cluster.
	@if [ -x $(PY) ]; then $(PY) examples/demo.py --stop; fi
	@$(if $(OWN_CLUSTER),true,$(DEVCLUSTER) down)

test: env cluster ## Run all tests.
	@$(IMAGES)
	@$(PY) -m pytest -n $(WORKERS) --dist loadgroup tests

test-pythons: env ## Test what supports Python 3.10 to 3.13 with each of them that is here.
	@tools/test-pythons

test-pure: env ## Run the tests that need no cluster.
	@$(PY) -m pytest -n $(WORKERS) -m 'not cluster' tests

test-cluster: env cluster ## Run the tests that need a cluster.
	@$(IMAGES)
	@$(PY) -m pytest -n $(WORKERS) --dist loadgroup -m cluster tests

lint: env ## Check format, style, types and the import contract.
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports

format: env ## Format the code.
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

bench: env cluster ## Measure starts, round trips and requests against their baselines.
	@$(IMAGES)
	@$(PY) -m benchmarks

fields: cluster ## Renew the field names that the catalog knows, from the cluster's API.
	@$(DEVCLUSTER) kubectl get --raw /openapi/v2 | $(PY) tools/kubernetes_fields.py > fields.json.new
	@mv fields.json.new eg_ext/catalog/fields.json

clean: ## Remove environments and caches of this checkout.
	@rm -rf .venv .venv-jobs .python *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
