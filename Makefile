# Every habit of this tree, one page. Each target brings what it needs, once; all of them may be interrupted and repeated.
PYTHON ?= python3
BIN := .venv/bin
MEASURED := tests/domain tests/identity
WORKERS ?= 4# more than there are cores: most tests wait for a browser or a server
PYTEST := $(BIN)/pytest --numprocesses $(WORKERS) --dist worksteal
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-header --no-emit-index-url --no-emit-find-links --group build pyproject.toml

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## the service, a shop that embeds it and an ad partner, on this machine (needs only Python)
	@$(PYTHON) scripts/setup.py demo
	$(BIN)/consent-service demo $(DEMO)

setup: ## what test, check, soak and bench need: Debian's, npm's and Python's packages
	@$(PYTHON) scripts/setup.py test

test: setup ## every test but the long ones, in real browsers too
	$(PYTHON) scripts/widget_dist.py
	npm --prefix widget test
	$(PYTEST) $(or $(TESTS),$(addprefix --ignore=,$(MEASURED)))
	$(PYTEST) --quiet --cov --cov-report= $(MEASURED)
	$(BIN)/coverage report --fail-under=100 --include='consent_service/domain/*,consent_service/identity/*'

check: setup ## lint, format, types and plain words, of Python, the docs and the widget
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python scripts/plain_words.py
	npm --prefix widget run check

format: setup ## write what check asks for
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

soak: setup ## the long runs: kill -9, stops, cuts and full disks under load; what deploy/ holds, by its own tools
	@$(PYTHON) scripts/setup.py soak
	@$(PYTHON) scripts/setup.py docs
	$(BIN)/pytest -m soak

bench: setup ## flags, choices and waits beside empty servers; WRITE=1 fills the tables into docs/benchmarks.md
	$(BIN)/python -m tests.bench.run $(if $(WRITE),--write) $(BENCH)

bench-redis: setup ## the same over a Redis server and a Redis cluster
	$(BIN)/python -m tests.bench.run --stores redis cluster --rounds 3 $(if $(WRITE),--write) $(BENCH)

bench-peers: setup ## flag and choice beside c15t over PostgreSQL, in the same rounds
	@$(PYTHON) scripts/setup.py bench-peers
	$(BIN)/python -m tests.bench.peers $(if $(WRITE),--write) $(BENCH)

bench-against: setup ## this tree beside another commit, in the same rounds: make bench-against COMMIT=main
	$(BIN)/python -m tests.bench.run --visitors 100000 --commit $(or $(COMMIT),$(error name a commit: COMMIT=...)) $(BENCH)

bench-pages: setup ## what the widget costs a page, beside two peers; prints the table for docs/benchmarks.md
	$(BIN)/python -m tests.bench.pages.run

reference: setup ## the pages of docs/ that are made from the code
	PYTHONPATH=scripts $(BIN)/python -m reference

docs: ## docs/ as a site with search, in dist/docs; opens from the disk, asks no network (needs only Python)
	@$(PYTHON) scripts/setup.py docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "open dist/docs/index.html"

lock: setup ## newest versions that pyproject.toml allows, with every hash
	$(LOCK) --upgrade --group dev --output-file requirements/test.txt
	$(LOCK) --upgrade --constraint requirements/test.txt --output-file requirements/demo.txt
	$(LOCK) --upgrade --constraint requirements/test.txt --group soak --output-file requirements/soak.txt
	$(LOCK) --upgrade --constraint requirements/test.txt --group docs --output-file requirements/docs.txt

clean: ## what the targets above made, but not what they installed
	rm -rf dist .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis

.PHONY: help demo setup test check format soak bench bench-redis bench-peers bench-against bench-pages reference docs lock clean
