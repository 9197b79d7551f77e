# make alone prints the targets. Everything here runs on a bare Debian with Go, git and make; what a
# target needs beyond that, it installs or names.

# The tools of `make lint`, run by `go run module@version`, so that nobody has to install them and
# everybody has the same.
GOLANGCI_LINT := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
DEADCODE      := go run golang.org/x/tools/cmd/deadcode@v0.52.0

# What `make bench` runs (a regular expression) and how often; how long each fuzz target runs.
BENCH    ?= .
COUNT    ?= 1
FUZZTIME ?= 20s

# The longest that the tests of one package may take. The race detector makes SQLite ten times
# slower, and the packages share two cores.
TEST_TIMEOUT := 20m

.PHONY: help build run test test-tools lint lint-config lint-vet lint-code lint-fmt lint-dead lint-tidy fmt bench fuzz clean
.SILENT:

help: ## print this list
	awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' Makefile

build: ## build bin/callboard, the same bytes from the same commit
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o bin/callboard ./cmd/callboard

run: ## build and start the demo: a sample company's catalog and a prompt
	echo "Building bin/callboard; the first time takes a minute or two."
	$(MAKE) --no-print-directory build
	bin/callboard demo

test: test-tools ## run all tests with the race detector; installs the Debian packages that they need
	echo "== modules"
	go mod download
	echo "== building with the race detector; the first time takes some minutes"
	CGO_ENABLED=1 go build -race -v ./...
	echo "== tests"
	CGO_ENABLED=1 go test -race -shuffle=on -timeout $(TEST_TIMEOUT) ./...

# A C compiler for the race detector, and git as the real server that integrations/git is tried on.
test-tools:
	missing=; \
	echo '#include <stdlib.h>' | gcc -E - >/dev/null 2>&1 || missing="gcc libc6-dev"; \
	command -v git >/dev/null || missing="$$missing git"; \
	[ -n "$$missing" ] || exit 0; \
	if [ "$$(id -u)" = 0 ]; then as_root="env"; else as_root="sudo -n"; fi; \
	if ! command -v apt-get >/dev/null || ! $$as_root true 2>/dev/null; then \
	  echo "The tests need what Debian packages as: $$missing. Please install it, then run make test again." >&2; exit 1; \
	fi; \
	echo "== installing $$missing"; \
	$$as_root apt-get update -qq && \
	$$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null

lint: lint-config lint-vet lint-code lint-fmt lint-dead lint-tidy ## run every other check of the gate; make -k lint goes on after a failure

lint-config:
	echo "== golangci-lint config verify"
	$(GOLANGCI_LINT) config verify

lint-vet:
	echo "== go vet"
	go vet ./...

lint-code:
	echo "== golangci-lint"
	$(GOLANGCI_LINT) run ./...

lint-fmt:
	echo "== gofumpt and goimports (make fmt repairs)"
	$(GOLANGCI_LINT) fmt --diff

lint-dead:
	echo "== code that nothing reaches"
	dead=$$($(DEADCODE) -test ./...) || exit 1; [ -z "$$dead" ] || { echo "$$dead"; exit 1; }

lint-tidy:
	echo "== go.mod"
	go mod tidy -diff

fmt: ## format the code
	$(GOLANGCI_LINT) fmt

bench: ## print Go benchmark lines and a table of the numbers to reach; BENCH=regexp picks some, COUNT=10 repeats them, SHORT=1 leaves the largest out
	dirs=$$(grep -rl --include='*_test.go' '^func Benchmark' . | xargs -r -n1 dirname | sort -u); \
	[ -z "$$dirs" ] || go test -run='^$$' -bench='$(BENCH)' $(if $(SHORT),-short) -count=$(COUNT) -benchmem -timeout 60m $$dirs | .ci/bench-table

fuzz: ## run every fuzz target for FUZZTIME (20s)
	grep -r --include='*_test.go' '^func Fuzz' . | sed -E 's|^(.*)/[^/]*:func (Fuzz[A-Za-z0-9_]*).*|\1 \2|' | sort | { \
	failed=0; \
	while read -r dir name; do \
	  echo "== $$dir $$name"; \
	  go test -run='^$$' -fuzz="^$$name\$$" -fuzztime=$(FUZZTIME) -fuzzminimizetime=1x "$$dir" </dev/null || failed=1; \
	done; \
	exit $$failed; }

clean: ## remove what the other targets wrote
	rm -rf bin
