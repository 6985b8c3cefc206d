.PHONY: build demo test check lint fuzz bench docs
build: ; CGO_ENABLED=0 go build -trimpath -o bin/spillway ./cmd/spillway
demo: build ; ./bin/spillway demo
test: ; ./.ci/test
check: lint test
lint: ; ./.ci/lint
fuzz: ; ./.ci/fuzz 60s
bench: ; go test -run '^$$' -bench . -benchmem ./...
docs: build ; go generate ./...
