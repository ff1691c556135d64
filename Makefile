# The everyday commands. All others: `cargo xtask help`.

CARGO ?= cargo
# Number of steps of `make test` that run at the same time.
LANES ?= 1
XTASK = $(CARGO) run --quiet --package xtask --

.PHONY: help demo check test hostile lint bench docs package clean fetch

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make demo       the reference server, live typed events, a cut connection, and nothing lost; needs only Rust
demo:
	@echo 'building; the first time takes a few minutes'
	@$(CARGO) run --quiet -p quickstart

## make check      formats, lints and the quick tests: before each commit
check:
	@$(XTASK) check

## make test       everything, other implementations included; sets up its needs
test:
	@$(XTASK) test --lanes $(LANES)

## make test-NAME  one part of it: rust, python, node, swift, kotlin, postgres, ...; `cargo xtask help test` lists them
test-%:
	@$(XTASK) test $*

## make hostile    thirty attacks on the server next to another tenant, with a table; ten minutes
hostile:
	@$(XTASK) prove hostile

## make lint       formats, clippy, wording, spelling, shell scripts
lint:
	@$(XTASK) lint

## make build-LANG the package of node or swift, to be installed from its folder
build-%:
	@$(XTASK) build $*

## make bench      measurements next to other implementations, and one table of them; an hour
bench:
	@$(XTASK) bench

## make docs       the documentation and the API references as a site, in target/book
docs:
	@$(XTASK) docs

## make package    packs all packages and tries them in empty places; publishes nothing
package:
	@$(XTASK) package

## make clean      removes all builds; keeps costly downloads: `cargo xtask clean --all` removes them too
clean:
	@$(XTASK) clean

## make fetch      fetches toolchains, servers and packages that the tests need
fetch:
	@$(XTASK) fetch
