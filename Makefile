# `make` prints what there is to do.
.DEFAULT_GOAL := help
SHELL := /bin/bash

help: ## print this
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

dev: ## run everything on this machine
	go run ./cmd/pasarela dev

needs: ## install what the tests need where it is missing (PostgreSQL, Chromium, Node.js: Debian packages; a shop's page: npm)
	@./scripts/test-needs

test: needs lint ## run every check
	go test -race -timeout 15m ./...
	go test -count=1 ./simulation # the race detector slows it so much that little is played above
	./scripts/fuzz 10000x
	./scripts/vulnerabilities

lint: ## formatting, go vet, staticcheck
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt -w on these"; exit 1; }
	go vet ./...
	go tool staticcheck ./...

sim: ## play the simulation until it is stopped (SEED=n repeats one run)
	PASARELA_SIM_FOR=$${FOR:-24h} PASARELA_SIM_SEED=$${SEED:-} go test -count=1 -timeout 0 -run 'TestSimulation$$' -v ./simulation

bench: ## measure payments per second on both stores, next to what the database alone does
	go build -o bin/pasarela ./cmd/pasarela
	./bin/pasarela bench

.PHONY: help dev needs test lint sim bench
