# Varde: `make run` serves, `make test` proves. Both install what is missing on Debian and Ubuntu; Swift itself must be there.

SHELL := /bin/bash
PACKAGES := git make pkg-config g++ libc6-dev liblz4-dev libsqlite3-dev libsnappy-dev libzstd-dev libre2-dev zlib1g-dev
CONFIG ?= Config/varde.yaml
DATA ?= data
LISTEN ?= 127.0.0.1:4747
STATIC_LIBRARIES := lz4 zstd snappy z sqlite3 re2
STATIC_PACKAGES := liblz4 libzstd snappy zlib sqlite3 re2
PEERS := $(CURDIR)/.build-peers

.PHONY: run test build deps peers format lint bench bench-metrics bench-wide bench-logs bench-redact bench-micro bench-targets fuzz sanitize dist clean

FUZZ_SECONDS ?= 20
FUZZ_TARGETS ?=
# What touches memory by hand.
ASAN_TESTS ?= VardeKernelsTests|VardeCompressionTests|VardeDiskTests|VardeWireTests|VardeMetricsTests|VardeLogsTests

## run: install what is missing, build for release, serve
run: build
	@echo
	@echo "Varde listens on http://$(LISTEN). Worth trying, from another terminal:"
	@echo "  .build/release/varde query 'rate(varde_http_requests_total[1m])' --server http://$(LISTEN)"
	@echo "  echo 'hello from kari.nordmann@example.no' | .build/release/varde push logs --label app=demo --server http://$(LISTEN)"
	@echo "  .build/release/varde logs '{app=\"demo\"}' --server http://$(LISTEN)"
	@echo
	exec .build/release/varde serve --config $(CONFIG) --data-dir $(DATA) --listen $(LISTEN)

## build: the release binary, in .build/release/varde
build: deps
	swift build -c release --product varde

## test: install what is missing, run every test
test: deps peers
	@# All at once each would have too little of the processor to answer others in time.
	VARDE_PEERS=$(PEERS) swift test --experimental-maximum-parallelization-width 6

## deps: C libraries by apt, with sudo where needed
deps:
	@command -v swift >/dev/null || { echo "Swift 6.3 or later is needed: https://www.swift.org/install/linux" >&2; exit 1; }
	@missing=""; for p in $(PACKAGES); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'install ok' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
		sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
		echo "Installing$$missing"; \
		$$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi

## peers: other people's programs that tests talk to, unpacked beside the build (nothing is installed)
peers:
	@Tests/EndToEnd/peers.sh $(PEERS) openssl nginx prometheus prometheus-node-exporter prometheus-alertmanager prometheus-pushgateway \
		victoria-metrics syslog-ng-core syslog-ng-mod-http
	@python3 -m venv -h >/dev/null 2>&1 && python3 -c 'import ensurepip' 2>/dev/null || { \
		sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; $$sudo apt-get install -y -qq --no-install-recommends python3-venv >/dev/null || true; }
	@Tests/EndToEnd/python.sh $(PEERS)

## bench: Varde beside Debian's prometheus and victoria-metrics, the same bytes, one table
bench: build
	@Tests/EndToEnd/peers.sh $(PEERS) prometheus victoria-metrics
	VARDE_PEERS=$(PEERS) swift run --package-path Bench --scratch-path .build-bench -c release side-by-side

## bench-metrics: the same for metrics alone; BENCH_OPTIONS as side-by-side explains them, such as --series 1000000 --steps 8
bench-metrics: build
	@Tests/EndToEnd/peers.sh $(PEERS) prometheus victoria-metrics
	VARDE_PEERS=$(PEERS) swift run --package-path Bench --scratch-path .build-bench -c release side-by-side metrics $(BENCH_OPTIONS)

## bench-wide: the memory that one query over 100,000 series and six hours takes, beside the same two
bench-wide: build
	@Tests/EndToEnd/peers.sh $(PEERS) prometheus victoria-metrics
	VARDE_PEERS=$(PEERS) swift run --package-path Bench --scratch-path .build-bench -c release side-by-side wide $(BENCH_OPTIONS)

## bench-logs: log lines alone; BENCH_OPTIONS names servers to go beside Varde (--contestant "NAME PORT PUSH-PATH READY-PATH BINARY ARGUMENT…" [--queries FILE])
##            and, where it does not speak Loki's API, a file of what it is asked (--queries FILE)
bench-logs: build
	swift run --package-path Bench --scratch-path .build-bench -c release side-by-side logs $(BENCH_OPTIONS)

## bench-targets: ten thousand targets of a thousand samples on loopback, scraped every 15 s; TARGETS_OPTIONS such as --targets 1000 --gzip
bench-targets: build
	ulimit -n $$(ulimit -Hn); swift run --package-path Bench --scratch-path .build-bench -c release side-by-side targets $(TARGETS_OPTIONS)

## bench-redact: the redactor by itself, and what it costs a server: redaction on, off, and on with sealed files
bench-redact: deps build
	VARDE_BENCH=1 swift build -c release --product varde-micro -Xswiftc -enable-testing --scratch-path .build-micro
	.build-micro/release/varde-micro redact
	swift run --package-path Bench --scratch-path .build-bench -c release side-by-side logs --variants 1 $(BENCH_OPTIONS)

## bench-micro: codecs, scraped text, the redactor and the metrics store by themselves, on one core
bench-micro: deps
	VARDE_BENCH=1 swift build -c release --product varde-micro -Xswiftc -enable-testing --scratch-path .build-micro
	.build-micro/release/varde-micro codecs
	.build-micro/release/varde-micro parse
	.build-micro/release/varde-micro redact
	.build-micro/release/varde-micro store 10000 720

## fuzz: libFuzzer on every decoder of bytes from disk and network, FUZZ_SECONDS each
fuzz: deps
	VARDE_FUZZ=1 swift build --product varde-fuzz --sanitize fuzzer --scratch-path .build-fuzz
	Tests/Fuzz/run.sh .build-fuzz/debug/varde-fuzz $(FUZZ_SECONDS) $(FUZZ_TARGETS)

## sanitize: tests under AddressSanitizer, and the metrics store with everything going on at once under ThreadSanitizer
sanitize: deps
	@# XCTest and Foundation leave a few bytes behind at exit.
	ASAN_OPTIONS=detect_leaks=0 swift test --sanitize address --scratch-path .build-asan --filter '$(ASAN_TESTS)'
	VARDE_BENCH=1 swift build --product varde-micro --sanitize thread --scratch-path .build-tsan
	.build-tsan/debug/varde-micro stress 20

## dist: one stripped file with Swift's runtime and the C libraries inside, in dist/varde
# The libraries' folder holds archives alone, and stands before the system's in the link: pkg-config files of our own say so.
dist: DIST = $(CURDIR)/.build-dist
dist: deps
	@mkdir -p $(DIST)/static/pkgconfig && cd $(DIST)/static && for l in $(STATIC_LIBRARIES); do \
		a=$$($(CC) -print-file-name=lib$$l.a); [ -f "$$a" ] || { echo "lib$$l.a not found" >&2; exit 1; }; ln -sf "$$a" .; done
	@for p in $(STATIC_PACKAGES); do \
		sed -e 's#^libdir=.*#libdir=$(DIST)/static#' -e 's#-L/usr/lib[^ ]*#-L$${libdir}#g' $$(pkg-config --variable=pcfiledir $$p)/$$p.pc \
			> $(DIST)/static/pkgconfig/$$p.pc; done
	PKG_CONFIG_PATH=$(DIST)/static/pkgconfig swift build -c release --product varde --scratch-path $(DIST) --static-swift-stdlib \
		-Xlinker -L$(DIST)/static
	@mkdir -p dist && strip -o dist/varde $(DIST)/release/varde
	@ls -lh dist/varde && ldd dist/varde
	@if ldd dist/varde | grep -E 'lib(lz4|zstd|snappy|z|sqlite3|re2)\.so'; then echo "dist/varde still needs these libraries" >&2; exit 1; fi

format:
	swift format format --in-place --recursive Package.swift Sources Tests Bench

lint:
	swift format lint --strict --recursive Package.swift Sources Tests Bench

clean:
	rm -rf .build .build-dist .build-fuzz .build-asan .build-tsan .build-micro .build-bench dist
