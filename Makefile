# The one entry to the book.  `make book` or `make test` is all a fresh clone
# needs: the environment is made on first use, in .venv, and is left alone until
# requirements.txt or pyproject.toml changes.
#
#   make book PYTHON=/path/to/python3.12      another Python (3.11 to 3.15)
#   make test JOBS=1                          one process
#   make test PYTEST="-k bias"                more arguments for pytest
#   make bench BENCH="--n 2 --threads 1"      more arguments for the benchmark
#   make test HASHES=1                        install nothing that is not hashed, as CI does
#   make platforms NOX="-s suite-3.12"        one session (noxfile.py)
#   make lock UPGRADE=1                       the newest of everything, or UPGRADE="numpy pyyaml"

VENV ?= .venv
BIN := $(VENV)/bin
SITE := _build/html
PORT ?= 8000
JOBS ?= logical
PYTEST ?=
BENCH ?=
NOX ?=
HASHES ?=
MUTANTS ?=
SEEDS ?=
UPGRADE ?=
FIGURES ?= figures
ONLY ?=
SVG ?=
MINE ?= my-notebooks
STUDENT ?=
COPIES ?=
DIR ?=
CSV ?= grades.csv
GRADE ?=
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help book serve copies lab edit grade figures test notebooks lint bench browser check mutants seeds platforms linkcheck pdf lock clean

help:
	@echo "make book       build the book, every warning an error"
	@echo "make serve      serve the built book at http://127.0.0.1:$(PORT)"
	@echo "make lab        open copies of the notebooks, your own, in JupyterLab (STUDENT=1: no solutions)"
	@echo "make copies     write those copies to $(MINE)/ and leave what you changed"
	@echo "make grade      DIR=folder: grade the notebooks that a class handed in"
	@echo "make figures    every figure and its caption, to figures/ (ONLY=06 SVG=1: one chapter, as SVG)"
	@echo "make edit       open the sources in JupyterLab, for authors"
	@echo "make test       run all tests; every output of every notebook is compared"
	@echo "make notebooks  execute the notebooks again and store their outputs"
	@echo "make lint       ruff over code and notebooks, mypy over adam_lib, zizmor over CI"
	@echo "make bench      time a step of Adam in every form that can run here"
	@echo "make browser    open every built page in Chromium, and use its explorables"
	@echo "make linkcheck  links of the built book, external ones when online"
	@echo "make pdf        the built book as one PDF, with bookmarks (Chromium)"
	@echo "make check      lint, test, book, and browser where Chromium is"
	@echo "make mutants    change the library in 1800 places: do the tests notice? (half an hour)"
	@echo "make seeds      does what is measured hold on other seeds? writes book/seeds.json (half an hour)"
	@echo "make platforms  the tests on other Pythons, NumPys and processors (20 minutes)"
	@echo "make lock       pin requirements.in again, into requirements.txt"
	@echo "make clean      remove what was built"

# ------------------------------------------------------------------ environment

# The first Python that will do, unless PYTHON says which.  Tried, not only found:
# a version manager's shim may exist for a version that is not installed.
define FIND_PYTHON
if [ -n "$(PYTHON)" ]; then names="$(PYTHON)"; \
else names="python3 python3.14 python3.13 python3.12 python3.11 python3.15 python"; fi; \
for name in $$names; do \
  if "$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 15))' \
      2>/dev/null; then found="$$name"; break; fi; \
done; \
if [ -z "$$found" ]; then \
  echo "make: this book needs Python 3.11 to 3.15; tried: $$names." >&2; \
  echo "make: install one, or name it: make book PYTHON=/path/to/python3.12" >&2; \
  exit 1; \
fi
endef

READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# The same versions as requirements.txt, each file named by its hash.
HASHED := .ci/requirements-hashed.txt

# An environment whose Python was removed, whose folder was renamed, or which an
# interrupted installation left half made, fails later and says nothing of it.
# Its stamp holds where it was made; what does not fit is made ready again.
HERE := cd "$(VENV)" 2>/dev/null && pwd -P
$(shell if [ -e "$(READY)" ]; then \
  { [ "$$(cat "$(READY)")" = "$$($(HERE))" ] && "$(BIN)/python" -c 'import pip'; } \
    >/dev/null 2>&1 || rm -f "$(READY)"; fi)

# Whole: pip runs, and its script names this very folder (a renamed one does not).
define MEND_VENV
if [ -e "$(VENV)" ] && ! { "$(BIN)/python" -c 'import pip' >/dev/null 2>&1 \
    && head -n 2 "$(BIN)/pip" 2>/dev/null | grep -qF "$$($(HERE))/bin/python"; }; then \
  if [ "$(VENV)" != .venv ]; then \
    echo "make: VENV=$(VENV) is not a whole environment of this folder; remove it," >&2; \
    echo "make: or name another: make book VENV=.venv" >&2; exit 1; \
  fi; \
  echo "The environment in $(VENV) was half made, moved, or has lost its Python: making it anew"; \
  rm -rf "$(VENV)"; \
fi
endef

$(READY): requirements.txt $(HASHED) pyproject.toml
	@$(MEND_VENV); $(FIND_PYTHON); \
	if [ ! -e "$(VENV)" ]; then \
	  echo "Making $(VENV) with $$("$$found" --version)"; \
	  "$$found" -m venv "$(VENV)" || { rm -rf "$(VENV)"; \
	    echo "make: $$found cannot make an environment." >&2; \
	    echo "make: on Debian and Ubuntu: apt install python3-venv, then run make again" >&2; \
	    exit 1; }; \
	fi
	@echo "Installing requirements.txt into $(VENV) (some minutes and 1 GB, once)"
	@if [ -n "$(HASHES)" ]; then \
	  $(PIP) --require-hashes --only-binary :all: -r $(HASHED) \
	  && $(PIP) --no-deps --no-build-isolation -e .; \
	else $(PIP) -r requirements.txt; fi
	@($(HERE)) > $@

# ------------------------------------------------------------------------- book

# From scratch: a page that is up to date repeats no warning, so an incremental
# build after a failed one would pass.
book: $(READY)
	@rm -rf _build
	@$(BIN)/jupyter-book build . -W -n --keep-going
	@$(BIN)/python tools/site/check_links.py $(SITE)
	@echo
	@echo "The book: file://$(CURDIR)/$(SITE)/index.html (or: make serve)"

serve:
	@test -f $(SITE)/index.html || { echo "make: run \`make book\` first" >&2; exit 1; }
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory $(SITE)

# Copies that read like the site, in a folder of the reader's own: what was changed
# there is left alone. STUDENT=1 leaves the solutions out.
copies: $(READY)
	@test -f $(SITE)/book/01_sgd.html || $(MAKE) book
	@$(BIN)/python -m tools.notebooks.copies "$(MINE)" $(if $(STUDENT),--student) $(COPIES)

lab: copies
	@$(BIN)/python -m jupyter lab "$(MINE)"

# A table on the screen, and the same with reasons in CSV=grades.csv;
# GRADE="--exercises 7.1,7.2 --seconds 60" for more.
grade: $(READY)
	@test -n "$(DIR)" || { echo "make: which folder? make grade DIR=handed-in" >&2; exit 1; }
	@$(BIN)/python -m tools.notebooks.grade "$(DIR)" --csv "$(CSV)" $(GRADE)

figures: $(READY)
	@$(BIN)/python -m tools.notebooks.figures "$(FIGURES)" $(if $(ONLY),--only "$(ONLY)") $(if $(SVG),--svg)

# For authors: the sources, as they are stored.
edit: $(READY)
	@$(BIN)/python -m jupyter lab book

notebooks: $(READY)
	@$(BIN)/python tools/notebooks/run.py

# ----------------------------------------------------------------------- checks

# loadfile: the cells of one notebook share a kernel, so they stay on one worker.
test: $(READY)
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(PYTEST)

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/zizmor --offline --quiet .github/workflows

bench: $(READY)
	@$(BIN)/python tools/library/bench.py $(BENCH)

$(VENV)/.browser: tools/site/requirements-browser.txt .ci/browser-hashed.txt $(READY)
	@if [ -n "$(HASHES)" ]; then $(PIP) --require-hashes --only-binary :all: -r .ci/browser-hashed.txt; \
	else $(PIP) -r $<; fi
	@touch $@

browser: $(VENV)/.browser
	@$(BIN)/python tools/site/browser_check.py $(SITE)
	@$(BIN)/python tools/site/lab_check.py $(SITE)
	@$(BIN)/python tools/site/lab_hands.py $(SITE)
	@$(BIN)/python tools/site/survey.py $(SITE)
	@$(BIN)/python tools/site/reader_path.py $(SITE)
	@$(BIN)/python tools/site/lab_engines.py

check: lint test book
	@if $(BIN)/python tools/site/browser_check.py --find >/dev/null; then \
	  $(MAKE) browser; \
	else echo "NOT CHECKED in a browser: no Chromium here"; fi

linkcheck: $(READY)
	@$(BIN)/python tools/site/check_links.py $(SITE) --external

pdf: $(VENV)/.browser
	@$(BIN)/python tools/site/make_pdf.py $(SITE) _build/adam-derived.pdf

$(VENV)/.mutants: tools/library/requirements-mutants.txt $(READY)
	@$(PIP) -r $<
	@touch $@

mutants: $(VENV)/.mutants
	@JOBS=$(JOBS) $(BIN)/python tools/library/mutants.py $(MUTANTS)

# SEEDS="06 claim-09-rotated" for some, "--shift 10..18" for other seeds, "--check".
seeds: $(READY)
	@$(BIN)/python tools/notebooks/seeds.py $(SEEDS)

$(VENV)/.platforms: tools/library/requirements-platforms.txt $(READY)
	@$(PIP) -r $<
	@touch $@

platforms: $(VENV)/.platforms
	@$(BIN)/python -m nox $(NOX) -- -n $(JOBS) --dist loadfile $(PYTEST)

# Two files of one resolution: pip takes no `-e .` among hashes, and a reader's
# `pip install -r requirements.txt` is to install everything.
COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --quiet \
  --no-annotate --no-header
# Without it every pin stays as it is, and the lock ages.
NEWER := $(if $(filter 1 all,$(UPGRADE)),--upgrade,$(addprefix -P ,$(UPGRADE)))

lock: $(READY)
	@$(PIP) uv
	@sed -i.old -e '/^-e /d' requirements.txt
	@$(COMPILE) requirements.in $(NEWER) -o requirements.txt
	@$(COMPILE) requirements.in -c requirements.txt --generate-hashes -o $(HASHED)
	@$(COMPILE) tools/site/requirements-browser.txt $(NEWER) -c requirements.txt --generate-hashes \
	  -o .ci/browser-hashed.txt
	@echo pip-audit | $(COMPILE) - $(NEWER) --generate-hashes -o .ci/audit-hashed.txt
	@{ echo "# Everything to build, run and test the book, pinned for Python 3.11 to 3.15."; \
	  echo "# Made from requirements.in by \`make lock\`; do not edit."; \
	  cat requirements.txt; echo "-e ."; } > requirements.txt.old
	@mv requirements.txt.old requirements.txt

clean:
	rm -rf _build .mutants .nox *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find adam_lib book tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
