# The most common commands; `cargo xtask help` lists all of them.

CARGO ?= cargo
# Number of steps of `make test` that run in parallel.
LANES ?= 2
XTASK = $(CARGO) run --quiet --package xtask --

.PHONY: help demo check test hostile lint bench docs package clean fetch

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make demo       shows live events, cuts the connection, and shows that nothing is lost; needs only Rust
demo:
	@echo 'building; the first build takes a few minutes'
	@$(CARGO) run --quiet -p quickstart

## make check      checks formatting, lints, and runs the quick tests; use it before each commit
check:
	@$(XTASK) check

## make test       runs all tests, including those against other implementations; installs what they need
test:
	@$(XTASK) test --lanes $(LANES)

## make test-NAME  runs one part of the tests: rust, python, node, swift, ...; `cargo xtask help test` lists the names
test-%:
	@$(XTASK) test $*

## make hostile    attacks the server in more than thirty ways while another tenant uses it; ten minutes
hostile:
	@$(XTASK) prove hostile

## make lint       checks formatting, clippy, wording, spelling and shell scripts
lint:
	@$(XTASK) lint

## make build-LANG builds the package of node or swift, which can then be installed from its folder
build-%:
	@$(XTASK) build $*

## make bench      measures performance next to other implementations, and prints a table; one hour
bench:
	@$(XTASK) bench

## make docs       builds the documentation and the API references as a website in target/book
docs:
	@$(XTASK) docs

## make package    builds all packages and tests them in empty environments; publishes nothing
package:
	@$(XTASK) package

## make clean      removes all build results; `cargo xtask clean --all` also removes large downloads
clean:
	@$(XTASK) clean

## make fetch      downloads toolchains, servers and packages that the tests need
fetch:
	@$(XTASK) fetch
