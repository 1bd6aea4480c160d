# Chasm Recorder. `make help` says what there is.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

# Nothing is built into the checkout but the web page, for the crates take it in from ui/dist.
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/chasm-recorder
CARGO_TARGET_DIR ?= $(CACHE)/target
export CARGO_TARGET_DIR

# The machine's own tools first, those that scripts/setup.sh installed after them.
export PATH := $(PATH):$(CACHE)/tools/bin
# Where the tests look for schemathesis.
export CHASM_VENV ?= $(CACHE)/venv

# CI takes the lock file as it is and shows every failure; people see the first one.
LOCKED := $(if $(CI),--locked)
export NEXTEST_PROFILE ?= $(if $(CI),ci,default)

FUZZ_SECONDS ?=
ARGS ?=

SETUP := scripts/setup.sh
STEP := scripts/step.sh
# The desktop app is for where there is a display.
DISPLAYED := $(or $(DISPLAY),$(WAYLAND_DISPLAY))

# $(call told,PROFILE): the tests would build the programs themselves where they are not told that they are there.
told = CHASM_BIN="$$(realpath -m "$$CARGO_TARGET_DIR")/$(1)/chasm" \
	CHASM_RECORDER_BIN="$$(realpath -m "$$CARGO_TARGET_DIR")/$(1)/chasm-recorder" \
	CHASM_TRAY_BIN="$$(realpath -m "$$CARGO_TARGET_DIR")/$(1)/chasm-recorder-tray" \
	CHASM_SHELL_BIN="$$(realpath -m "$$CARGO_TARGET_DIR")/$(1)/chasm-recorder-shell"
RUN := cargo nextest run --no-tests=fail --cargo-quiet --show-progress=none
NEXTEST := $(call told,debug) $(RUN) --workspace

# The web page, which the server and the window carry in them: built before them, and only where it is older than its sources, for
# what carries it is compiled anew each time. Put in its place in one step: a build that is going on never takes in half a page.
PAGE := ui/dist/index.html
PAGE_SOURCES := $(shell find ui package.json package-lock.json -name node_modules -prune -o -path ui/dist -prune \
	-o -path ui/dist.new -prune -o -type f -print)
MODULES := node_modules/.package-lock.json

.PHONY: help run demo package page test test-vscode package-vscode bench figures screenshots fuzz soak audit lint fmt clean steps suites \
	step-fmt step-deny step-clippy step-build step-doctest step-doc step-fuzz step-ui step-e2e step-vscode

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

$(MODULES): package-lock.json package.json ui/package.json tests/e2e/package.json sdk/typescript/package.json editors/vscode/package.json
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(PAGE): $(MODULES) $(PAGE_SOURCES)
	npm run --silent build --workspace ui -- --outDir dist.new --emptyOutDir --logLevel warn
	@rm -rf ui/dist && mv ui/dist.new ui/dist && touch $@

page: ## build the web page that server and window carry in them
	@$(SETUP) page
	@$(MAKE) $(PAGE)

run: ## build and start: the app in the tray, or `chasm serve` where there is no display (ARGS="--port 9000")
	@$(SETUP) build
	@$(MAKE) page
ifneq ($(DISPLAYED),)
	cargo build --release -p chasm-recorder -p chasm-cli --bins
	"$$CARGO_TARGET_DIR/release/chasm-recorder" $(if $(filter --hidden,$(ARGS)),,--show) $(ARGS)
else
	cargo build --release -p chasm-cli --bin chasm
	"$$CARGO_TARGET_DIR/release/chasm" serve $(ARGS)
endif

demo: ## show it: record, kill -9 in the middle, start again, nothing lost
	@$(SETUP) build
	cargo build --release -p chasm-cli --bin chasm
	"$$CARGO_TARGET_DIR/release/chasm" demo $(ARGS)

package: ## build the Debian package and say where it is (DEBUG=1: quick and big)
	@$(SETUP) build
	@$(MAKE) page
	@scripts/package.sh $(if $(DEBUG),--debug)

test: ## everything that CI runs
	@$(STEP) setup $(SETUP) test
	@$(STEP) page $(MAKE) page
	@$(MAKE) --jobs=2 --output-sync=target steps
	@$(MAKE) suites

test-vscode: ## of these: the VS Code extension, in a real editor, with a real recorder
	@$(SETUP) test
	@$(MAKE) page
	cargo build -p chasm-cli --bin chasm
	$(call told,debug) npm run --silent host --workspace editors/vscode

package-vscode: ## build the VS Code extension, editors/vscode/dist/*.vsix
	@$(SETUP) page
	@$(MAKE) $(MODULES)
	@npm run --silent package --workspace editors/vscode

bench: ## measure the recorder, in release (ARGS="--quick")
	@$(SETUP) bench
	cargo build --release -p chasm-cli --bin chasm -p chasm-benches --bin chasm-benches
	"$$CARGO_TARGET_DIR/release/chasm-benches" $(ARGS)

figures: ## what the desktop app, the page and the TypeScript SDK cost: start, memory, paint, search, overhead; in release
	@$(SETUP) test
	@$(MAKE) page
	cargo build --release -p chasm-recorder -p chasm-cli --bins
	$(call told,release) $(RUN) -p chasm-tests --run-ignored only -E 'binary(desktop_figures)' --no-capture $(ARGS)
	CHASM_STREAM_SECONDS=$${CHASM_STREAM_SECONDS:-600} $(call told,release) npm run --silent figures --workspace tests/e2e

screenshots: ## take the pictures in docs/screenshots anew
	@$(SETUP) test
	@$(MAKE) page
	cargo build --workspace --bins
	CHASM_SCREENSHOTS="$(CURDIR)/docs/screenshots" $(call told,debug) $(RUN) -p chasm-tests \
		-E 'binary(desktop_screenshots)' $(ARGS)
	CHASM_SCREENSHOTS="$(CURDIR)/docs/screenshots" $(call told,debug) npm run --silent screenshots --workspace tests/e2e

fuzz: ## run every fuzz target for FUZZ_SECONDS (20)
	@$(SETUP) fuzz
	@scripts/fuzz.sh $(or $(FUZZ_SECONDS),20)

soak: ## the chaos and model tests at full size; takes long
	@$(SETUP) test
	@$(MAKE) page
	cargo build --workspace --bins
	CHASM_SOAK=1 CHASM_MODEL_CASES=$${CHASM_MODEL_CASES:-20} PROPTEST_CASES=$${PROPTEST_CASES:-4096} \
		NEXTEST_PROFILE=soak $(NEXTEST)

audit: ## known vulnerabilities of our dependencies; fetches their database
	@$(SETUP) deny
	cargo deny check advisories

lint: page ## format, clippy and docs, without changing a file
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

fmt: ## format
	cargo fmt --all

clean: ## remove build output; installed tools stay
	cargo clean
	CARGO_TARGET_DIR="$$CARGO_TARGET_DIR-fuzz" cargo clean
	rm -rf "$(CACHE)/logs" ui/dist ui/dist.new

# What `make test` does, two at a time: those that build the workspace one behind the other, for they would only wait for each
# other's lock; beside them those that do not.

steps: step-doc step-vscode

step-clippy:
	@$(STEP) clippy cargo clippy $(LOCKED) --workspace --all-targets -- -D warnings

step-build: | step-clippy
	@$(STEP) build bash -c 'cargo build $(LOCKED) --workspace --bins && cargo nextest run $(LOCKED) --workspace --no-run'

step-doctest: | step-build
	@$(STEP) doctest cargo test $(LOCKED) --doc --workspace

step-doc: | step-doctest
	@$(STEP) doc env RUSTDOCFLAGS="-D warnings" cargo doc $(LOCKED) --workspace --no-deps

step-fmt:
	@$(STEP) fmt cargo fmt --all --check

step-deny: | step-fmt
	@$(STEP) deny bash -c 'cargo deny $(LOCKED) check licenses bans sources \
		&& cargo deny $(LOCKED) --manifest-path fuzz/Cargo.toml check licenses bans sources'

step-ui: | step-deny
	@$(STEP) ui bash -c 'npm run check && npm run lint && npm test'

step-fuzz: | step-ui
	@$(STEP) fuzz scripts/fuzz.sh $(or $(FUZZ_SECONDS),10)

# The page in a real browser: needs what is built, and none of the clocks that the last suites watch.
step-e2e: | step-build step-fuzz
	@$(STEP) e2e env $(call told,debug) npm run --silent e2e

# The extension in a real editor, which is had for this kind of machine alone.
step-vscode: | step-e2e
ifeq ($(shell uname -sm),Linux x86_64)
	@$(STEP) vscode env $(call told,debug) npm run --silent host --workspace editors/vscode
else
	@echo "skipped vscode: its editor for the tests is had for Linux on x86-64 alone"
endif

# Alone on the machine, because these tests watch clocks; last, so that the runner's own summary closes the run.
suites:
	@$(NEXTEST) $(LOCKED) 2>&1
