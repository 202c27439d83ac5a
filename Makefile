# make book | read | test | check | lab | zip | versions | clean
PYTHON ?= python3
VENV ?= .venv
# Where CPU builds of PyTorch lie; empty means PyPI's build (CUDA on Linux).
ifeq ($(shell uname -s),Linux)
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
endif
TORCH := $(shell grep '^torch==' constraints.txt)
BIN := $(VENV)/bin
STAMP := $(VENV)/installed

.PHONY: book read test check lab zip versions clean setup

book: setup
	$(BIN)/python -m ferbook.site.build

read: setup
	$(BIN)/python -m ferbook.site.read

test: setup
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not slow and not browser"

lab: setup
	$(BIN)/jupyter lab notebooks

# For Colab, while the book has no public address: what is committed.
zip:
	git archive --format=zip --prefix=fer-book/ -o fer-book.zip HEAD

# In environments of their own: the newest releases, of the newest Python at
# hand, and the lowest that pyproject.toml allows, of Python 3.11.  Before a
# release; takes some GB and half an hour, and writes what passed into README.md.
NEWEST ?= $(PYTHON)
versions: setup
	$(BIN)/python -m ferbook.site.versions newest --python $(NEWEST)
	$(BIN)/python -m ferbook.site.versions lowest --python $(PYTHON)

clean:
	rm -rf _build .pytest_cache .ruff_cache .import_linter_cache .hypothesis

setup: $(STAMP)

# torch comes first and alone: only it is asked for at its own index, and
# its CPU build needs none of the CUDA packages that a plain install brings.
# pytorchcv comes without what it asks for: torchvision, which it can do without.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	"Python 3.11 or newer is needed, this is " + sys.version.split()[0] \
	+ "; name another with: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --no-deps --retries 1 \
	    -c constraints.txt \
	    $(addprefix --extra-index-url ,$(TORCH_INDEX)) '$(TORCH)'
	$(BIN)/python -m pip install -c constraints.txt -e '.[book,test]'
	$(BIN)/python -m pip install --no-deps -c constraints.txt pytorchcv
	@touch $@
