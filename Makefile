.PHONY: build demo test test-faults check lint fuzz bench docs
build: ; CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o bin/spillway ./cmd/spillway
demo: build ; ./bin/spillway demo
test: ; ./.ci/test
test-faults: ; go test -count=1 -timeout 30m ./internal/faults -faults.full -faults.table
check: lint test
lint: ; ./.ci/lint
fuzz: ; ./.ci/fuzz 60s
bench: ; go test -run '^$$' -bench . -benchmem ./...
docs: build ; go generate ./...
