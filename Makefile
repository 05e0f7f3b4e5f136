# The commands of the project. Each says what it does in one line: see `make help`.
SHELL       := /bin/bash
.SHELLFLAGS := -o pipefail -ec
.DEFAULT_GOAL := help
.PHONY: axe openapi mutate fuzz vulncheck drills checklist cost help up preview preview-real status down test race check format bench faults inventory fields conformance tools go attack drift

LOCAL := bin/local
# Packages that reach the Google Cloud SDK take an hour and gigabytes to compile
# with the race detector, so it runs on all others.
GCP_SDK := $(shell sed -nE 's|^\s*(github.com/pulumi/pulumi-gcp/sdk/v[0-9]+) .*|\1|p' go.mod)
RACE_PACKAGES = $(shell go list -f '{{$$sdk := false}}{{range .Deps}}{{if eq . "$(GCP_SDK)/go/gcp/internal"}}{{$$sdk = true}}{{end}}{{end}}{{if not $$sdk}}{{.ImportPath}}{{end}}' ./app/... ./armor/... ./k8s/... ./emulator/... ./local/...)

# Many packages wait for real servers, so more of them run than there are cores. The limit
# is each package's, and far more than a busy machine needs.
TESTFLAGS ?= -p 4 -timeout 45m

# The longest ones start first, so that the others run beside them.
LONGEST := ./local/e2e ./app/server ./local/pulumi/engine

# Tests that act out whole stories; with -short only what is quick of them runs. The whole
# stack of ./local/e2e is one of `make test`. One package runs after the other, as drills
# measure how fast an alert or a command is.
DRILL_PACKAGES := ./local/e2e ./local/pulumi/lifetime ./docs ./ops/incident ./ops/pipeline ./app/server ./emulator/cloudarmor

# The API server enables features by the version that it is told to be: its module's.
KUBERNETES := $(shell sed -nE 's|^\s*k8s.io/kubernetes (v[0-9.]+).*|\1|p' tools/kubernetes/go.mod)
KUBERNETES_VERSION := -s -w -X k8s.io/component-base/version.gitVersion=$(KUBERNETES) -X k8s.io/component-base/version.gitMajor=$(word 1,$(subst ., ,$(KUBERNETES:v%=%))) -X k8s.io/component-base/version.gitMinor=$(word 2,$(subst ., ,$(KUBERNETES)))

# Compiles with progress: $(1) is what `go build` is told, the packages last. A
# package that was compiled before is not counted, hence "at most".
compile = go build -v $(1) 2>&1 | awk -f "$(CURDIR)/tools/progress.awk" -v what="packages compiled" -v total="$$(go list -deps $(lastword $(1)) | wc -l)"

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(LOCAL) ## Bring the whole stack up on this machine (no Google account)
	@$(LOCAL) up $(ARGS)

preview: $(LOCAL) ## Show what `make up` would change
	@$(LOCAL) preview $(ARGS)

preview-real: $(LOCAL) ## Preview dev and prod with the real provider plugins, without Google
	@$(LOCAL) preview-real $(ARGS)

status: $(LOCAL) ## Show what runs and where
	@$(LOCAL) status $(ARGS)

attack: $(LOCAL) ## Attack the running stack, and show what stops each attempt
	@$(LOCAL) attack $(ARGS)

drift: $(LOCAL) ## Change the cloud without Pulumi, and let a refresh find the change
	@$(LOCAL) drift $(ARGS)

down: $(LOCAL) ## Stop and destroy everything on this machine
	@$(LOCAL) down $(ARGS)

test: tools ## Run every test except the drills, on real PostgreSQL, Redis and the Pulumi engine
	@echo "==> compile (the first time takes minutes: the Google Cloud SDK is large)"
	@$(call compile,./...)
	@echo "==> run the tests of $$(go list ./... | wc -l) packages"
	@go test $(TESTFLAGS) -short $(LONGEST) ./...
	@echo "==> run the alerts over series (the first time compiles Prometheus's engine)"
	@cd tools/alerts && go test $(TESTFLAGS) ./...

drills: tools ## Run the long tests: every document, an incident, every playbook, a whole lifetime next to the IDE, every fault and wrong setting (an hour)
	@go test -count 1 -skip TheWholeStackOnOneMachine $(TESTFLAGS) -p 1 -timeout 60m $(DRILL_PACKAGES)
	@go test -count 1 -run Drill $(TESTFLAGS) -p 1 -timeout 60m ./emulator/provider/constraint ./stack/plan

race: tools ## Run the tests of the API and the embedded cloud with the race detector
	@go test -race $(RACE_PACKAGES)

check: go ## Everything quick: format, vet, staticcheck, go.mod
	@$(call compile,./...)
	@echo "==> gofumpt";     cd tools && go tool gofumpt -l .. | (! grep .) || { echo "not formatted: make format"; exit 1; }
	@echo "==> go vet";      go vet ./...
	@echo "==> staticcheck"; cd tools && go build -o ../bin/staticcheck honnef.co/go/tools/cmd/staticcheck && cd .. && bin/staticcheck ./...
	@echo "==> the client on macOS and Windows"; for system in darwin windows; do CGO_ENABLED=0 GOOS=$$system go build -o /dev/null ./app/cmd/license && CGO_ENABLED=0 GOOS=$$system go vet ./app/cmd/license || exit 1; done
	@echo "==> actionlint";  cd tools/actionlint && go tool actionlint ../../.github/workflows/*.yml
	@echo "==> go mod tidy"; go mod tidy -diff

# Where Go's vulnerability database is; a mirror, or a folder of its OSV files, will do:
# VULNDB=file:///srv/vulndb.
VULNDB ?= https://vuln.go.dev
GOVULNCHECK := bin/govulncheck -db $(VULNDB)

# The API by what it calls, everything else by what the program links, for which it
# has to keep its symbols.
vulncheck: go ## Look for known vulnerabilities in the programs' dependencies (needs vuln.go.dev)
	@cd tools && go build -o ../bin/govulncheck golang.org/x/vuln/cmd/govulncheck
	@$(GOVULNCHECK) -version 2>/dev/null | grep -q '^DB updated' || { echo "nothing was checked: the vulnerability database $(VULNDB) cannot be reached from this machine; VULNDB=URL names a mirror or a folder (file:///...)" >&2; exit 1; }
	@echo "==> the license API"
	@$(GOVULNCHECK) -tags grpcnotrace,nethttpomithttp2 ./app/...
	@echo "==> all that runs on one machine"
	@$(call compile,-o bin/local-symbols ./local)
	@$(GOVULNCHECK) -mode binary bin/local-symbols

fuzz: tools ## Fuzz everything that parses, each FUZZTIME (10s) long
	@grep -rno --include='*_test.go' '^func Fuzz[A-Za-z0-9]*' . | while IFS=: read -r file _ name; do \
	  echo "==> $${name#func }"; go test -run '^$$' -fuzz "^$${name#func }$$" -fuzztime $(or $(FUZZTIME),10s) "$$(dirname "$$file")" | (grep -Ev '^(fuzz: |\{)' || true); done

# Each mutant is a run of the package's own tests, so the time that all may take is bounded.
mutate: go ## Change the code of PKG (./armor/rule) step by step, and list the changes that its own tests do not notice
	@cd tools/mutate && go build -o ../../bin/gremlins github.com/go-gremlins/gremlins/cmd/gremlins
	@timeout $(or $(MUTATE_LIMIT),30m) bin/gremlins unleash $(or $(PKG),./armor/rule) --workers $(or $(MUTATE_WORKERS),1) --timeout-coefficient 20 \
	  --invert-logical --invert-loopctrl --output-statuses lct || { echo "not all mutants were tried: give a smaller PKG or a longer MUTATE_LIMIT ($(or $(MUTATE_LIMIT),30m))" >&2; exit 1; }

format: go ## Format all Go files
	@cd tools && go tool gofumpt -w ..

faults: tools ## Break the API's dependencies under load, and count lost and oversold seats (OPERATIONS=1000000: at length)
	@FAULTS_OPERATIONS=$(OPERATIONS) go test -count 1 -timeout $(if $(OPERATIONS),60m,10m) -run '$(if $(OPERATIONS),FaultsNobodyLoses,Faults|OfficeOfClients)' -v ./app/server | grep -Ev '^(=== |\{)'

bench: tools ## Measure the speed of the API and the WAF, as ratios to their bare building blocks (6 minutes)
	@RELAY='$(RELAY)' go test -run '^$$' -bench '$(or $(BENCH),.)' -benchtime 1x -timeout 20m $(BENCHFLAGS) ./app/server
	@go test -run '^$$' -bench '$(or $(BENCH),.)' -benchtime 5x -timeout 10m $(BENCHFLAGS) ./app/client
	@go test -run '^$$' -bench '$(or $(BENCH),.)' -timeout 10m $(BENCHFLAGS) ./emulator/cloudarmor
	@go test -run '^$$' -bench '$(or $(BENCH),.)' -benchtime 3x -timeout 10m $(BENCHFLAGS) ./local/report/page
	@go test -run '^$$' -bench '$(or $(BENCH),.)' -benchtime 5x -timeout 10m $(BENCHFLAGS) ./local/e2e

openapi: go ## Lint the API's OpenAPI document, and compile a TypeScript client of it (needs Node.js 20 with npm)
	@command -v npm >/dev/null || { echo "nothing was checked: npm is not on this machine; install Node.js 20 or later (on Debian: apt-get install nodejs npm)" >&2; exit 1; }
	@mkdir -p bin && go run ./app/cmd/license-api openapi >bin/openapi.json
	@cd tools/openapi && npm ci --silent --no-audit --no-fund && mkdir -p generated \
	  && echo "==> redocly lint" && npx --no redocly lint ../../bin/openapi.json \
	  && echo "==> openapi-typescript and tsc" && npx --no openapi-typescript ../../bin/openapi.json -o generated/api.d.ts && npx --no tsc -- -p .

axe: go ## Check the console's accessibility with axe-core in Chromium (needs Node.js 20 with npm, once online)
	@command -v npm >/dev/null || { echo "nothing was checked: npm is not on this machine; install Node.js 20 or later (on Debian: apt-get install nodejs npm)" >&2; exit 1; }
	@cd tools/page && npm ci --silent --no-audit --no-fund
	@AXE="$(CURDIR)/tools/page/node_modules/axe-core/axe.min.js" go test -count 1 -run Axe ./local/report/page

inventory: go ## Rewrite the reviewed list of every stack's resources
	@go test ./stack -run Inventory -update

fields: go ## Read the Terraform provider's schema again (PROVIDER=a clone of its source, v5.42.0)
	@test -d "$(PROVIDER)" || { echo "PROVIDER names a clone: git clone --depth 1 --branch v5.42.0 https://github.com/hashicorp/terraform-provider-google-beta" >&2; exit 1; }
	@cd tools/providerfields && go run . -provider "$(abspath $(PROVIDER))" -sdk "$$(cd ../.. && go list -m -f '{{.Dir}}' $$(grep -o 'github.com/pulumi/pulumi-gcp/sdk/v[0-9]*' go.mod))" -into ../../emulator/provider/gcp/fields

checklist: go ## Check a stack against the design's security checklist (STACK=prod)
	@go run ./ops checklist --stack $(or $(STACK),prod) $(ARGS)

cost: go ## Estimate what a stack costs a month (STACK=prod)
	@go run ./ops cost --stack $(or $(STACK),prod) $(ARGS)

conformance: go ## Send every Kubernetes object of every stack to a real kube-apiserver
	@echo "==> compile kube-apiserver and etcd (the first time takes about 10 minutes)"
	@mkdir -p bin && cd tools/kubernetes \
	  && $(call compile,-o ../../bin/etcd go.etcd.io/etcd/server/v3) \
	  && $(call compile,-ldflags "$(KUBERNETES_VERSION)" -o ../../bin/kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver)
	@ETCD=$(CURDIR)/bin/etcd KUBE_APISERVER=$(CURDIR)/bin/kube-apiserver go test -count 1 -tags conformance ./stack/conformance

tools: $(LOCAL) ## Install or build what the project and its tests need (PostgreSQL, Redis, Chromium, the Pulumi CLI, the API's image)
	@$(LOCAL) tools

# go build decides itself whether anything has to be compiled.
$(LOCAL): go
	@mkdir -p bin
	@$(call compile,-ldflags "-s -w" -o $(LOCAL) ./local)

go:
	@command -v go >/dev/null || { echo "Go 1.26 or newer is needed and was not found on the PATH: see https://go.dev/doc/install" >&2; exit 1; }
