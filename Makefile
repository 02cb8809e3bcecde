# setup: the environment and the package · demo: a report of the example film · demo-web: the page with the examples ·
# test: everything that is checked · docs: the site
.PHONY: setup demo demo-web test lint docs bench clean
PYTHON ?= python3
EXAMPLE = examples/回声渡.txt
REPORT = out/回声渡.html

setup: .venv/core

.venv/core: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "juqing needs Python 3.11 or newer: make PYTHON=python3.11")'
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

# A version of PyTorch is named here because pip would else take the newest build, which may be one of several GB for GPUs.
.venv/dev: .venv/core
	.venv/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $@

demo: setup
	.venv/bin/juqing analyze $(EXAMPLE) --out $(REPORT)

demo-web: setup
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[web]"
	.venv/bin/juqing serve examples --database-url sqlite:///out/demo.sqlite3

# Tests need Chromium with a Chinese font, and PostgreSQL; where apt can install them it does, elsewhere their tests are left out.
programs:
	@missing=""; \
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	  missing="chromium fonts-noto-cjk"; \
	command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$$missing postgresql"; \
	[ -z "$$missing" ] || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; } || \
	echo "not installed, their tests are left out: $$missing"
.PHONY: programs

test: .venv/dev programs
	.venv/bin/python -m pytest -n auto

lint: .venv/dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/pyright

docs: .venv/dev
	NO_MKDOCS_2_WARNING=1 .venv/bin/python -m mkdocs build --strict --quiet
	@echo site/index.html

bench: .venv/dev $(patsubst benchmarks/%.py,bench-%,$(filter-out benchmarks/common.py,$(wildcard benchmarks/*.py)))

bench-%: .venv/dev
	.venv/bin/python benchmarks/$*.py

clean:
	rm -rf .venv out dist site
