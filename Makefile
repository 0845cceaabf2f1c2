# The two commands a newcomer needs are `make demo` and `make test`; both set up first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NATIVE := $(shell find appliance drivers -name '*.cpp' -o -name '*.hpp' -o -name '*.h')

.PHONY: setup build demo test bench fuzz hwtest hwtest-vm image boot boot-pair clean
setup: $(VENV)/.built

# What Debian gives; asks for root only when something is missing.
$(VENV)/.system: .ci/setup-debian
	.ci/setup-debian
	@echo "making the virtual environment $(VENV)"
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.packages: $(VENV)/.system pyproject.toml .ci/setup-python
	.ci/setup-python $(BIN)
	touch $@

$(VENV)/.built: $(VENV)/.packages CMakeLists.txt appliance/rtvbox $(NATIVE)
	@echo "building the native modules: a minute or more"
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $@

build: $(VENV)/.built

demo: setup
	$(BIN)/rtvbox demo $(ARGS)

test: setup
	$(BIN)/python -m pytest $(ARGS)

bench: setup
	$(BIN)/python -m tests.benchmarks $(ARGS)

# Long fuzzing of every parser of network bytes: SECONDS for each target.
fuzz: setup
	$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),600)

clean:
	rm -rf build $(VENV)

# The hardware tests: on a bench of real devices, and in a virtual machine with pretend ones.
hwtest: setup
	$(BIN)/python -m pytest hwtests --bench $(BENCH) $(ARGS)

hwtest-vm: setup
	hwtests/vm/setup-debian
	$(BIN)/python -m hwtests.vm $(ARGS)

# The disk image of a box, and the bundle that updates one to it: build/image/. Root unpacks Debian's
# packages. KEYS=DIR: what signs (update.key, update.crt, update-ca.crt, secureboot.key, secureboot.crt),
# else throw-away keys do. ARGS: --version, --variant developer, --kernel stock.
image:
	image/setup-debian
	$(PYTHON) -m image $(if $(KEYS),--keys $(KEYS)) $(ARGS)

# The image in a virtual machine: its panel in the terminal, its API on 127.0.0.1:8443.
boot: setup
	image/qemu/setup-debian
	$(BIN)/python -m image.qemu boot $(ARGS)

# A sender and a receiver in two of them; ARGS="--check 30" judges the flow and ends.
boot-pair: setup
	image/qemu/setup-debian
	$(BIN)/python -m image.qemu pair $(ARGS)
