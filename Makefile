# setup: the environment and the package · demo: a report of the example film · test: everything that is checked · docs: the site
.PHONY: setup demo test lint docs bench clean
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

# Browser tests need Chromium and a Chinese font; where apt can install them it does, elsewhere those tests are left out.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk >/dev/null; } || \
	echo "no Chromium: browser tests are left out"
.PHONY: browser

test: .venv/dev browser
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
