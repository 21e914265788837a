# The only door: `make` says what there is.
SHELL := /bin/bash -eu -o pipefail
.DEFAULT_GOAL := help
.PHONY: help demo build test simulate faults soak fuzz bench lint format install uninstall clean

PREFIX ?= /usr/local
RELEASE := .build/release
# Swift Testing only: there is no test of the older kind.
TEST := swift test --skip-build --disable-xctest
# Lives of the simulator; `make simulate SEED=7` repeats one.
SEEDS ?= 20000

help: ## Say what can be made.
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(RELEASE)/load ## Start a small site, reload it under load, kill an instance, clean up.
	@.ci/demo

build: ## Build the release binary: .build/release/swpm.
	swift build -c release

test: ## Everything a change must pass (less than 30 minutes on two cores).
	.ci/setup
	$(MAKE) --no-print-directory lint
	swift build --build-tests
	$(TEST) --skip '^(LinuxTests|DaemonTests|EndToEndTests)\.'
	swift build -c release
	$(RELEASE)/simulate --seeds 200
	$(TEST) --filter '^(LinuxTests|DaemonTests)\.'
	$(TEST) --no-parallel --filter '^EndToEndTests\.'

simulate: ## Let the supervisor live 20 000 lives in an unkind world; SEED=n repeats one.
	swift build -c release --product simulate
	$(RELEASE)/simulate $(if $(SEED),--seed $(SEED),--seeds $(SEEDS))

faults: ## Build the binary that can be told to die at any step: .build-faults/release/swpm.
	SWPM_FAULTS=1 swift build -c release --product swpm --scratch-path .build-faults

soak: build faults ## The end to end tests with their full counts, and half an hour of everything at random.
	.ci/setup
	swift build --build-tests
	SWPM_SOAK=1 $(TEST) --no-parallel --filter '^EndToEndTests\.'

fuzz: ## Feed hostile bytes to the parsers for a minute.
	.ci/fuzz

bench: ## Measure, and print a table of medians.
	.ci/setup
	swift build -c release
	$(RELEASE)/benchmarks

lint: ## Check the format, the imports, the bans and the sizes.
	swift format lint --strict --parallel --recursive Package.swift Sources Tests
	.ci/tidy

format: ## Format the code.
	swift format --in-place --parallel --recursive Package.swift Sources Tests

install: build ## Install the binary to PREFIX/bin (PREFIX=/usr/local), and the names for its traces to PREFIX/share/swpm.
	install -D -m 755 $(RELEASE)/swpm $(DESTDIR)$(PREFIX)/bin/swpm
	install -D -m 755 .ci/names $(DESTDIR)$(PREFIX)/share/swpm/names
	.ci/symbols .build/swpm.map | gzip -9n > $(DESTDIR)$(PREFIX)/share/swpm/$$($(RELEASE)/swpm version | sed 's/.*(\(.*\))/\1/').names.gz

uninstall: ## Remove the installed binary.
	rm -f $(DESTDIR)$(PREFIX)/bin/swpm
	rm -rf $(DESTDIR)$(PREFIX)/share/swpm

clean: ## Remove what was built.
	rm -rf .build .build-*

$(RELEASE)/load: build
