# The commands that the documentation and CI use. A fresh machine needs Rust (rustup) and a C compiler; `make setup` installs
# the rest.

# Cargo unifies features over the packages it builds, and a different set of features compiles wasmtime again, which takes
# minutes. So every target builds the whole workspace, in one profile and one target directory.
CARGO_FLAGS := --release --workspace --locked
# Reports how long a step took, for the table at the end of .ci/run.
TIMED := @scripts/timed

.NOTPARALLEL:
.PHONY: help setup setup-build setup-test demo build components zoo examples test test-debian-std sdk lint fmt bench fuzz dist clean

help:
	@echo 'make setup   install everything the other commands need (Debian packages with sudo, unless you are root)'
	@echo 'make demo    a simulated cluster and the exporter, until Ctrl-C'
	@echo 'make test    all tests'
	@echo 'make lint    formatting, clippy, rustdoc, shellcheck, dependencies'
	@echo 'make bench   the figures of docs/performance.md; ROWS=cpu,latency for some of them'
	@echo 'make fuzz    a fuzz target: TARGET=config SECONDS=300'
	@echo 'make dist    the binary to deploy, in target/dist'

setup:
	@scripts/setup

# What `make build` and `make demo` need.
setup-build:
	@scripts/setup build

# What `make test` needs.
setup-test:
	@scripts/setup build prometheus peer systemd proxies languages debian_std msrv

demo: setup-build build
	@scripts/demo

build: components
	$(TIMED) build cargo build $(CARGO_FLAGS)

# The built-in collectors.
components:
	$(TIMED) components scripts/build-components builtins

# Hostile components, for the sandbox's tests.
zoo:
	$(TIMED) 'zoo components' scripts/build-components zoo

# The example collectors in JavaScript and Python.
examples:
	$(TIMED) 'example components' scripts/build-examples

test: setup-test components zoo examples
	$(TIMED) 'tests: build' cargo test $(CARGO_FLAGS) --no-run
	$(TIMED) 'tests: run' cargo test $(CARGO_FLAGS)
	@$(MAKE) --no-print-directory sdk test-debian-std

# The SDK as crates.io would get it, with the oldest Rust that it supports.
sdk:
	$(TIMED) sdk scripts/check-sdk

# The golden tests with components built by Debian's standard library.
test-debian-std: components
	@scripts/test-debian-std

lint: components
	@scripts/lint

fmt:
	cargo fmt --all

# ROWS=cpu,latency measures these only; BENCH_FLAGS=--lasting-scrapes=10000 passes more flags (target/release/pve-bench --help).
bench: build
	@PVE_EXPORTER_DEMAND_PEER=1 scripts/setup peer
	@scripts/bench --rows='$(ROWS)' $(BENCH_FLAGS)

# TARGET=rows SECONDS=300 runs this target for five minutes.
fuzz: components
	@scripts/fuzz '$(TARGET)' $(SECONDS)

dist: components
	cargo build --profile dist --locked -p pve-exporter

clean:
	cargo clean
