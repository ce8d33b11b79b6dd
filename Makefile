# The commands the README and CI use. `make demo` and `make test` do all the set-up they need on a fresh machine with
# Rust (rustup) and a C compiler.

# Cargo unifies features over the packages it is asked for, and one feature more or less builds wasmtime again
# (5 minutes): every target below builds the whole workspace in one profile and one target directory.
CARGO_FLAGS := --release --workspace --locked

.PHONY: help demo build components test test-debian-std prometheus lint deny fmt bench dist clean

help:
	@echo 'make demo    simulated cluster and exporter, ready to be looked at; Ctrl-C ends both'
	@echo 'make test    all tests'
	@echo 'make bench   the figures of docs/performance.md, beside prometheus-pve-exporter; ROWS=cpu,latency for some of them'
	@echo 'make lint    formatting, clippy, licences and bans of dependencies'
	@echo 'make dist    the binary to deploy, in target/dist'

demo: build
	@scripts/demo

build: components
	cargo build $(CARGO_FLAGS)

components:
	@scripts/build-components builtins

# The components of other ways to the wasm standard library must be as good: same fixtures, same bytes out.
test-debian-std: components
	PVE_EXPORTER_WASM_STD=debian scripts/build-components builtins target/components-debian
	PVE_EXPORTER_TEST_COMPONENTS=$(CURDIR)/target/components-debian cargo test $(CARGO_FLAGS) --test golden

test: components zoo examples prometheus peer
	cargo test $(CARGO_FLAGS)
	$(MAKE) --no-print-directory sdk test-debian-std

# What authors get: the package for crates.io, with the oldest Rust it promises.
.PHONY: sdk
sdk:
	@scripts/check-sdk

# Hostile components for the sandbox's tests.
.PHONY: zoo
zoo:
	@scripts/build-components zoo

# The example collectors in JavaScript and Python.
.PHONY: examples
examples:
	@scripts/build-examples

prometheus:
	@scripts/install-prometheus

# prometheus-pve-exporter itself, for the tests that compare the two.
.PHONY: peer
peer:
	@scripts/install-peer

lint: components deny
	cargo fmt --all --check
	cargo clippy $(CARGO_FLAGS) --all-targets -- -D warnings

# Advisories need the database from the network; `cargo deny check advisories` looks them up where it can be had.
deny:
	@command -v cargo-deny >/dev/null || cargo install cargo-deny --locked --version ^0.20
	cargo fetch --locked
	cargo deny --offline --all-features check bans licenses sources

fmt:
	cargo fmt --all

# ROWS=cpu,latency measures these only; BENCH_FLAGS=--lasting-scrapes=10000 asks for more (target/release/pve-bench --help).
bench: build
	@scripts/bench --rows='$(ROWS)' $(BENCH_FLAGS)

dist: components
	cargo build --profile dist --locked -p pve-exporter

clean:
	cargo clean
