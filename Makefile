# Two commands matter: `make demo` needs only Rust, `make test` sets up what it needs and runs everything.

CARGO ?= cargo
MDBOOK := 0.5.4
DENY := cargo-deny@0.20.2
CYCLONEDX := cargo-cyclonedx@0.5.9
export CARGO_NET_RETRY ?= 10
STANDINS := core/tests/standins/setup.sh
INSTRUCTIONS = $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)/instructions
RESULTS = $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)/bench.jsonl
# Quick also in what is compiled.
BENCH = $(CARGO) bench --quiet $(if $(QUICK),--profile fast)
PEERS = $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)/peers

.PHONY: help demo test test-rust test-simulation mutations test-postgres test-nodes test-e2e test-dashboard build-dashboard test-python wheel-python test-node build-node test-swift test-kotlin bench bench-quick bench-postgres bench-python bench-node bench-swift lint fmt doc docs test-docs package package-rust clean

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make demo       the reference server, live typed events, a cut connection, and nothing lost
demo:
	@echo 'building; the first time takes a few minutes'
	@$(CARGO) run --quiet -p quickstart

## make test       everything: lints, docs, unit and behaviour tests, fuzz corpora, other people's servers
test: fetch-ahead lint doc test-rust test-docs test-simulation test-postgres test-nodes test-e2e test-dashboard test-python wheel-python test-node test-swift test-kotlin

## make fetch      what the tests need from elsewhere: packages for Python and Node, PostgreSQL, Redis, Prometheus, Chromium, Swift, Kotlin
.PHONY: fetch fetch-ahead
fetch:
	@for setup in 'docs/reference/setup.sh python' bindings-swift/setup.sh bindings-python/setup.sh $(STANDINS) 'docs/reference/setup.sh node' \
		bindings-node/setup.sh bindings-node/test/nodes/setup.sh server-ref/dashboard/setup.sh server-ref/tests/postgres/setup.sh \
		server-ref/tests/redis/setup.sh server-ref/tests/prometheus/setup.sh bindings-swift/Kotlin/setup.sh; do \
		echo "$$setup" && $$setup > /dev/null || echo "FAILED: $$setup"; \
	done

# While the first tests compile. A step that needs something waits until it is there, and tries by itself if it could not be had.
fetch-ahead:
	@mkdir -p .cache && $(MAKE) --no-print-directory fetch < /dev/null > .cache/fetch.log 2>&1 &

## make test-rust  needs only Rust
test-rust:
	$(CARGO) test --all-features --quiet

## make test-docs  the documentation's links, and its code blocks of Rust and the shell; each binding's tests run its own language's
test-docs:
	@python3 docs/check/run.py links sh rust

## make walkthrough  README and getting started, word by word, from an empty Debian for each language; as root on a Debian; half an hour,
##                 PAGES="readme rust python node swift" for some
.PHONY: walkthrough
walkthrough:
	@docs/check/walkthrough.sh $(PAGES)

## make test-simulation  10,000 simulated seeds: nothing lost, nothing twice; SIM_SEED=n for one, SIM_SEEDS=n for so many
test-simulation:
	$(CARGO) test --profile simulation -p automoderate --all-features --quiet --lib simulation -- --ignored --nocapture

## make mutations  breaks the replay logic in many ways, one after another: the tests must notice each
mutations:
	CARGO='$(CARGO)' core/tests/mutations/run.sh

## make test-postgres  the server's tests on PostgreSQL, and what only it can do; installs it on Debian
test-postgres:
	@if postgres=$$(server-ref/tests/postgres/setup.sh); then \
		env $$postgres server-ref/tests/postgres/with-cluster.sh \
			$(CARGO) test --quiet -p automoderate-server --test it --test sdk --test store -- --include-ignored; \
	elif [ -n "$$CI" ]; then echo "FAILED: PostgreSQL could not be set up" >&2; exit 1; \
	else echo "SKIPPED: test-postgres, because PostgreSQL could not be set up" >&2; fi

## make test-nodes  several nodes with PostgreSQL, Redis and Prometheus under faults, and with other people's clients; fetches them on
##                 Debian; needs Python 3 and Node. NODES_LONG=1 for longer faults and loads
test-nodes:
	@if postgres=$$(server-ref/tests/postgres/setup.sh) && redis=$$(server-ref/tests/redis/setup.sh) && \
		prometheus=$$(server-ref/tests/prometheus/setup.sh) && standins=$$($(STANDINS)) && stock=$$(server-ref/tests/stock/setup.sh); then \
		env $$postgres $$redis $$prometheus $(CARGO) test --quiet -p automoderate-server --test nodes -- --test-threads=1 --nocapture && \
		env $$postgres $$redis $$standins $$stock $(CARGO) test --quiet -p stock --test nodes -- --nocapture; \
	elif [ -n "$$CI" ]; then echo "FAILED: PostgreSQL, Redis, Prometheus or other people's clients could not be set up" >&2; exit 1; \
	else echo "SKIPPED: test-nodes, because PostgreSQL, Redis, Prometheus or other people's clients could not be set up" >&2; fi

## make test-e2e   the SDK against Flask-SocketIO, python-socketio and npm socket.io, and their clients against the server; needs
##                 Python 3 and Node
test-e2e:
	@if standins=$$($(STANDINS)) && stock=$$(server-ref/tests/stock/setup.sh); then \
		$(CARGO) build --quiet -p automod-tail && env $$standins $(CARGO) test --quiet -p interop && \
		env $$standins $$stock $(CARGO) test --quiet -p stock; \
	elif [ -n "$$CI" ]; then echo "FAILED: other people's servers and clients could not be set up" >&2; exit 1; \
	else echo "SKIPPED: test-e2e, because other people's servers and clients could not be set up" >&2; fi

## make test-dashboard  the server's web dashboard in Chromium, and the documented one; installs Chromium on Debian; needs Node 20
test-dashboard:
	@if server-ref/dashboard/setup.sh; then \
		$(CARGO) build --quiet -p automoderate-server && server-ref/dashboard/check.sh; \
	elif [ -n "$$CI" ]; then echo "FAILED: Chromium or the dashboard's packages could not be set up" >&2; exit 1; \
	else echo "SKIPPED: test-dashboard, because Chromium or the dashboard's packages could not be set up" >&2; fi

## make build-dashboard  what the server embeds, from its sources
build-dashboard:
	server-ref/dashboard/setup.sh
	cd server-ref/dashboard && npm run --silent build

## make test-python  the Python binding: types, style, stubs, tests; needs Python 3.10 and, for the stand-ins, Node
test-python:
	@if venv=$$(bindings-python/setup.sh) && docs/reference/setup.sh python && standins=$$($(STANDINS)); then \
		$(CARGO) build --quiet -p automoderate-server && env $$standins bindings-python/check.sh "$$venv"; \
	elif [ -n "$$CI" ]; then echo "FAILED: the Python environment could not be set up" >&2; exit 1; \
	else echo "SKIPPED: test-python, because the Python environment could not be set up" >&2; fi

## make wheel-python  the source distribution and a wheel for manylinux2014 into .cache/wheels, tried in an empty environment
wheel-python:
	@if venv=$$(bindings-python/setup.sh); then \
		$(CARGO) build --quiet -p automoderate-server && bindings-python/wheel.sh "$$venv"; \
	elif [ -n "$$CI" ]; then echo "FAILED: the Python environment could not be set up" >&2; exit 1; \
	else echo "SKIPPED: wheel-python, because the Python environment could not be set up" >&2; fi

## make test-node  the Node binding: style, types, tests on Node 20, 22 and 24; needs one of them and, for the stand-ins, Python 3
test-node:
	@if bindings-node/setup.sh && docs/reference/setup.sh node && standins=$$($(STANDINS)); then \
		$(CARGO) build --quiet -p automoderate-server && env $$standins bindings-node/check.sh; \
	elif [ -n "$$CI" ]; then echo "FAILED: the Node packages could not be set up" >&2; exit 1; \
	else echo "SKIPPED: test-node, because the Node packages could not be set up" >&2; fi

## make build-node  the Node package with its native module, to be installed from bindings-node
build-node:
	bindings-node/setup.sh
	cd bindings-node && npm run --silent build

## make test-swift  the Swift binding: drift, tests, the example; on Debian, as root, makes a root with Swift in it under .cache
test-swift:
	@if run=$$(bindings-swift/setup.sh); then bindings-swift/check.sh $$run; \
	elif [ -n "$$CI" ]; then echo "FAILED: Swift could not be had" >&2; exit 1; \
	else echo "SKIPPED: test-swift, because Swift could not be had" >&2; fi

## make build-swift  the Rust half for Swift programs: on a Mac a framework, elsewhere a library, whose folder it prints
.PHONY: build-swift
build-swift:
	@if [ "$$(uname -s)" = Darwin ]; then bindings-swift/scripts/xcframework.sh; \
	else echo "-Xlinker -L$$(bindings-swift/scripts/library.sh)"; fi

## make test-kotlin  what UniFFI generates for Kotlin, compiled and run on the JVM; installs Java and JNA on Debian, as root
test-kotlin:
	@if libraries=$$(bindings-swift/Kotlin/setup.sh); then bindings-swift/Kotlin/check.sh "$$libraries"; \
	elif [ -n "$$CI" ]; then echo "FAILED: Kotlin could not be had" >&2; exit 1; \
	else echo "SKIPPED: test-kotlin, because Kotlin could not be had" >&2; fi

## make bench      everything beside other people's, and one table of it at the end; an hour. make bench-quick: some minutes, once it is built
bench:
	@mkdir -p $(dir $(RESULTS)) && rm -f $(RESULTS)
	@BENCH_RESULTS=$(RESULTS) $(MAKE) --no-print-directory bench-core bench-server bench-postgres bench-python bench-swift bench-node
	@echo && python3 benches/table.py $(RESULTS)

bench-quick:
	@$(MAKE) --no-print-directory bench QUICK=1

## make bench-core  the receive path beside a loop by hand and rust_socketio, and the decoder
.PHONY: bench-core bench-server
bench-core:
	$(CARGO) build --quiet --release --locked --manifest-path core/benches/peers/Cargo.toml --target-dir $(PEERS)
	PEER=$(PEERS)/release/peers $(BENCH) -p automoderate --bench decode --bench receive_path $(if $(QUICK),-- --quick)

## make bench-alternatives  what was not taken: other JSON parsers, and compressed frames
.PHONY: bench-alternatives
bench-alternatives:
	$(CARGO) run --quiet --release --locked --manifest-path core/benches/peers/Cargo.toml --target-dir $(PEERS) --bin alternatives

## make bench-server  the server beside bare socketioxide and other people's
bench-server:
	@peers=$$(server-ref/benches/reference/peers/setup.sh) && standins=$$($(STANDINS)) && \
		env $$peers $$standins $(BENCH) -p automoderate-server --bench reference $(if $(QUICK),-- --quick)

## make bench-fan-out  events to 200 sockets, beside bare socketioxide, npm socket.io, python-socketio and Flask-SocketIO
.PHONY: bench-fan-out
bench-fan-out:
	@peers=$$(server-ref/benches/reference/peers/setup.sh) && standins=$$($(STANDINS)) && \
		env $$peers $$standins $(CARGO) bench --quiet --profile fast -p automoderate-server --bench reference -- fan-out

## make endurance  ten million events through one client, whose memory must not grow
.PHONY: endurance
endurance:
	$(CARGO) bench --quiet --profile fast -p automoderate --bench receive_path -- --endurance

## make instructions  how many instructions an event costs: fails at 5 % more than before; installs Valgrind on Debian
.PHONY: instructions
instructions:
	@if runner=$$(core/benches/instructions/setup.sh); then \
		env $$runner $(CARGO) bench --locked --manifest-path core/benches/instructions/Cargo.toml --target-dir $(INSTRUCTIONS); \
	elif [ -n "$$CI" ]; then echo "FAILED: Valgrind and the runner could not be set up" >&2; exit 1; \
	else echo "SKIPPED: instructions, because Valgrind and the runner could not be set up" >&2; fi

## make bench-postgres  submissions that are stored in PostgreSQL
bench-postgres:
	@env $$(server-ref/tests/postgres/setup.sh) POSTGRES_FSYNC=on server-ref/tests/postgres/with-cluster.sh \
		$(BENCH) -p automoderate-server --bench reference -- submissions $(if $(QUICK),--quick)

## make capacity   what many connections cost, on this machine: CAPACITY="--connections 20000 --nodes 2 --rate 500" and more, see --help
.PHONY: capacity
capacity:
	@env $$(server-ref/tests/postgres/setup.sh) $$(server-ref/tests/redis/setup.sh) POSTGRES_FSYNC=on server-ref/tests/postgres/with-cluster.sh \
		$(CARGO) bench --quiet --profile fast -p automoderate-server --bench capacity -- $(CAPACITY)

## make storm      a thousand clients lose their server at once: when each has caught up; two minutes, STORM="--clients 500" and more
.PHONY: storm
storm:
	$(CARGO) build --quiet --profile fast -p automoderate-server
	$(CARGO) bench --quiet --profile fast -p automoderate-server --bench storm -- $(STORM)

## make growth     whether an event costs the same with more clients, projects, bytes and events in the log: some minutes; GROWTH=log for one
.PHONY: growth
growth:
	$(CARGO) bench --quiet --profile fast -p automoderate-server --bench growth -- $(GROWTH)

## make latency    from POST to the callback of a program in Rust, Python, Node and Swift, at 10, 1,000 and 10,000 a second; two minutes
.PHONY: latency
latency:
	$(CARGO) build --quiet --profile fast -p automoderate-server
	@ls .cache/wheels/*.whl > /dev/null 2>&1 || $(MAKE) --no-print-directory wheel-python
	@bindings-python/bench.sh --install
	@[ -f bindings-node/dist/index.mjs ] || $(MAKE) --no-print-directory build-node
	@if run=$$(bindings-swift/setup.sh); then LATENCY_SWIFT=$$(bindings-swift/bench.sh --latency $$run) && export LATENCY_SWIFT; fi && \
		env LATENCY_PYTHON=$(CURDIR)/.cache/python-bench/bin/python LATENCY_NODE=node \
		$(CARGO) bench --quiet --profile fast -p automoderate-server --bench latency

## make bench-python  the Python binding, beside python-socketio; with the wheel that make wheel-python has built
bench-python:
	@ls .cache/wheels/*.whl > /dev/null 2>&1 || $(MAKE) --no-print-directory wheel-python
	bindings-python/bench.sh $(if $(QUICK),--rounds 1)

## make bench-node  the Node binding, beside socket.io-client
bench-node: build-node
	@standins=$$($(STANDINS)) && env $$standins node bindings-node/benches/bench.mjs $(if $(QUICK),--rounds 1)

## make reliability  what this SDK and stock clients lose when things break: a quarter of an hour, FAULTS="cut kill" for some
.PHONY: reliability
reliability:
	$(CARGO) build --quiet --profile fast -p automoderate-server -p automod-tail
	@standins=$$($(STANDINS)) && stock=$$(server-ref/tests/stock/setup.sh) && \
		env $$standins $$stock $(CARGO) bench --quiet --profile fast -p stock --bench faults -- $(FAULTS)

## make recovery   how soon a lost connection is noticed, and events come again, with default settings: some minutes
.PHONY: recovery
recovery:
	$(CARGO) build --quiet -p automoderate-server
	$(CARGO) bench --quiet --profile dev -p automoderate-server --bench recovery -- $(FAULTS)

## make soak       a thousand reconnects: everything has come once, and nothing has grown; SOAK_RECONNECTS=n for so many
.PHONY: soak
soak:
	SOAK_RECONNECTS=$${SOAK_RECONNECTS:-1000} $(CARGO) test --quiet -p automoderate-server --test soak -- --nocapture

## make bench-swift  the Swift binding, beside Foundation's JSONDecoder
bench-swift:
	run=$$(bindings-swift/setup.sh) && $(if $(QUICK),ROUNDS=1 )bindings-swift/bench.sh $$run

## make lint       rustfmt and clippy, without warnings, the core with few features as well; the spelling, the wording and the shell scripts,
##                 which needs Python 3
lint:
	@python3 -m unittest discover --start-directory docs/check --pattern '*_test.py' --quiet
	@python3 docs/check/words.py
	@$(CARGO) metadata --locked --format-version 1 > /dev/null
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --all-features --quiet -- -D warnings
	@for features in '' rest polling tls-ring,test-server rest,polling,tls-ring,protocol facade,tls-ring; do \
		echo "$(CARGO) clippy -p automoderate --no-default-features --features '$$features'"; \
		$(CARGO) clippy -p automoderate --no-default-features --features "$$features" --quiet -- -D warnings || exit 1; \
	done
	@if docs/reference/setup.sh python; then .cache/reference/venv/bin/typos --format brief && git ls-files '*.sh' .ci/run | xargs .cache/reference/venv/bin/shellcheck; \
	elif [ -n "$$CI" ]; then echo "FAILED: the checkers of the spelling and the shell scripts could not be set up" >&2; exit 1; \
	else echo "SKIPPED: the spelling and the shell scripts, because their checkers could not be set up" >&2; fi

## make doc        rustdoc, without warnings
doc:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --all-features --quiet

## make docs       the documentation and the API references as a site, in target/book; installs mdBook, TypeDoc, pdoc and (on Debian, as
##                 root) Swift under .cache
docs:
	@.cache/mdbook/bin/mdbook --version 2> /dev/null | grep -q 'v$(MDBOOK)$$' || \
		$(CARGO) install --quiet --locked --root .cache/mdbook mdbook@$(MDBOOK)
	@.cache/mdbook/bin/mdbook build docs && rm -rf target/book/check target/book/reference
	@docs/reference/make.sh rust target/book/api/rust
	@if venv=$$(bindings-python/setup.sh) && PATH="$$venv/bin:$$PATH" VIRTUAL_ENV="$$venv" maturin develop --quiet -m bindings-python/Cargo.toml && \
		docs/reference/setup.sh python; then docs/reference/make.sh python target/book/api/python; \
	elif [ -n "$$CI" ]; then echo "FAILED: what the Python reference needs could not be set up" >&2; exit 1; \
	else echo "SKIPPED: the Python reference, because what it needs could not be set up" >&2; fi
	@if docs/reference/setup.sh node; then docs/reference/make.sh node target/book/api/node; \
	elif [ -n "$$CI" ]; then echo "FAILED: what the Node reference needs could not be set up" >&2; exit 1; \
	else echo "SKIPPED: the Node reference, because what it needs could not be set up" >&2; fi
	@if bindings-swift/setup.sh > /dev/null; then docs/reference/make.sh swift target/book/api/swift; \
	elif [ -n "$$CI" ]; then echo "FAILED: Swift could not be had, which its reference needs" >&2; exit 1; \
	else echo "SKIPPED: the Swift reference, because Swift could not be had" >&2; fi
	@echo 'target/book/index.html'

## make licenses   the licences and origins of all crates, by cargo-deny, which is built under .cache if it isn't on the PATH
.PHONY: licenses
licenses:
	@if deny=$$(release/tool.sh $(DENY)); then release/licenses.sh "$$deny"; \
	elif [ -n "$$CI" ]; then echo "FAILED: cargo-deny could not be had" >&2; exit 1; \
	else echo "SKIPPED: licenses, because cargo-deny could not be had" >&2; fi

## make sbom       what each published package is made of, in CycloneDX's format, in target/sbom; needs npm
.PHONY: sbom
sbom:
	@if tool=$$(release/tool.sh $(CYCLONEDX)); then release/sbom.sh "$$tool"; \
	elif [ -n "$$CI" ]; then echo "FAILED: cargo-cyclonedx could not be had" >&2; exit 1; \
	else echo "SKIPPED: sbom, because cargo-cyclonedx could not be had" >&2; fi

## make public-api  what is public of the Rust crate, beside the listing core/public-api.txt; make public-api-listing writes that
.PHONY: public-api public-api-listing
public-api:
	@release/public-api.sh

public-api-listing:
	@release/public-api.sh write

## make package    what would be published, packed and tried in empty places; nothing is published
package: licenses public-api package-rust wheel-python
	@bindings-node/setup.sh && cd bindings-node && npm run --silent build && npm run --silent pack:release

package-rust:
	@for crate in automoderate automoderate-server automod-tail; do \
		$(CARGO) package --list --allow-dirty -p $$crate | grep -c '^LICENSE-' | grep -qx 2 || { echo "FAILED: $$crate would come without its licences" >&2; exit 1; }; \
	done
	$(CARGO) package --quiet -p automoderate -p automoderate-server -p automod-tail

## make fmt        formats the sources
fmt:
	$(CARGO) fmt --all

clean:
	$(CARGO) clean
	rm -rf .cache
