# Pupitre: one command each to see, test and check it. `make` alone lists them.
#
# The environment lives in .venv. It is made once, from locks in which every package is pinned by hash, and again only
# when a lock changes: .venv/.node holds what a node needs (make demo), .venv/.tests adds what the tests need.

PYTHON := .venv/bin/python
NODE_LOCKS := deploy/build.lock deploy/requirements.lock
TESTS_LOCK := tests/requirements.lock

# All tests are shared between two processes, whole files each (tests/conftest.py says which files stay together).
SHARED := -n 2 --dist loadscope --no-loadscope-reorder
# What is tried at each change: the pure rooms, the store, the walk, the house's own rules.
FAST := $(addprefix tests/,policies contracts protocol conversations store walk settings tools)

# With CI=true a test that is skipped is a failure, and the whole run has a time limit (seconds).
ifeq ($(CI),true)
STRICT := -p tests.tools.nothing_skipped --session-timeout=4800
endif

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast lint format kit-dsp interop-edc bench bench-policies package lock clean

help:
	@echo 'Pupitre'
	@echo '  make demo       deux nœuds échangent un jeu de données, raconté pas à pas'
	@echo '                  two nodes exchange a dataset, told step by step (DEMO_LANG=en)'
	@echo '  make test       tous les essais · every test (CI=true, root: installs what they need)'
	@echo '  make test-fast  les pièces pures et le magasin, moins de deux minutes · pure rooms and store, under two minutes'
	@echo '  make lint       style, types, couches, règles de la maison · style, types, layers, house rules'
	@echo '  make format     met le code en forme · formats the code'
	@echo '  make kit-dsp    le kit officiel du protocole · the official protocol kit (Java 17, Maven)'
	@echo '  make interop-edc  échanges avec Eclipse EDC · exchanges with Eclipse EDC (Java 17, Maven)'
	@echo '  make bench      les mesures · the measurements (tests/benchmarks)'
	@echo '  make bench-policies  celles des règles d’usage seules · those of the policies alone'
	@echo '  make package    le paquet Debian, dans dist/ · the Debian package, in dist/'
	@echo '  make lock       refait les verrous des dépendances · locks the dependencies anew (UPGRADE=1)'
	@echo '  make clean      efface ce que ces commandes ont créé · removes what these commands made'

.venv/.node: $(NODE_LOCKS) pyproject.toml contracts/verifier/pyproject.toml
	@tests/tools/environment node $(NODE_LOCKS)

.venv/.tests: .venv/.node $(TESTS_LOCK)
	@tests/tools/environment tests $(TESTS_LOCK)

demo: .venv/.node
	@$(PYTHON) -m connector.lab.demo

test: .venv/.tests
	@tests/tools/install-what-tests-need test
	@selection=$$($(PYTHON) -m tests.tools.what_is_missing test) && $(PYTHON) -m pytest $(SHARED) $(STRICT) -m "$$selection"

test-fast: .venv/.tests
	@$(PYTHON) -m pytest $(SHARED) -m 'not slow and not postgres' $(FAST)

lint: .venv/.tests
	@.venv/bin/ruff check --quiet .
	@.venv/bin/ruff format --check --quiet .
	@$(PYTHON) -m mypy --no-error-summary -p policies -p contracts -p connector -p tests.tools
	@cd contracts/verifier && ../../$(PYTHON) -m mypy --no-error-summary
	@.venv/bin/lint-imports --no-logo
	@$(PYTHON) -m tests.tools.house

format: .venv/.tests
	@.venv/bin/ruff check --quiet --fix .
	@.venv/bin/ruff format .

kit-dsp: .venv/.tests
	@tests/tools/install-what-tests-need kit-dsp
	@selection=$$($(PYTHON) -m tests.tools.what_is_missing kit-dsp) && \
		$(PYTHON) -m pytest $(STRICT) -s -m "$$selection" tests/kits/test_kit_dsp.py

interop-edc: .venv/.tests
	@tests/tools/install-what-tests-need interop-edc
	@selection=$$($(PYTHON) -m tests.tools.what_is_missing interop-edc) && \
		$(PYTHON) -m pytest $(STRICT) -m "$$selection" --ignore tests/interop/dss tests/interop

bench: .venv/.tests
	@tests/tools/install-what-tests-need bench
	@$(PYTHON) -m tests.tools.what_is_missing bench >/dev/null && $(PYTHON) tests/benchmarks/run.py

bench-policies: .venv/.tests
	@$(PYTHON) tests/benchmarks/run.py policies policies-beside

package: .venv/.node
	@deploy/build-deb

lock: .venv/.node
	@tests/tools/lock $(if $(UPGRADE),--upgrade)

clean:
	rm -rf .venv .demo .interop build dist *.egg-info contracts/verifier/*.egg-info contracts/verifier/build tests/kits/*/target tests/interop/edc/*/target tests/interop/dss/target
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis
	find policies contracts connector tests -name __pycache__ -type d -prune -exec rm -rf {} +
