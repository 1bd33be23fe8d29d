# Odeus: what one does here. `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help demo test test-long lint bench fmt dev

# Where rustup puts cargo, for a shell that has not been started anew since.
export PATH := $(PATH):$(HOME)/.cargo/bin

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Everything on this machine, with sample data; prints links to sign in
	@scripts/setup
	cargo run --locked -- demo

test: ## All tests that fit in ten minutes
	@scripts/setup test
	cargo test --locked --no-fail-fast

test-long: ## These and the long ones (marked #[ignore])
	@scripts/setup test
	cargo test --locked --no-fail-fast -- --include-ignored

lint: ## Format, clippy, and the licences and sources of what we depend on
	cargo fmt --check
	cargo clippy --all-targets --locked -- -D warnings
	@if cargo deny --version >/dev/null 2>&1; then cargo deny --locked check bans licenses sources; \
	else echo "cargo-deny is not installed, so licences and sources were not checked (cargo install cargo-deny)"; fi

bench: ## The figures of a run, against nginx, and of a large workspace beside a small one
	@scripts/setup bench
	cargo bench --locked --bench runs
	cargo bench --locked --bench scale

fmt: ## Format the sources
	cargo fmt

dev: ## The demo, built and restarted on every change
	@scripts/setup
	@scripts/dev
