.PHONY: build demo test test-faults bench-balance check lint fuzz bench docs
build: ; CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o bin/spillway ./cmd/spillway
demo: build ; ./bin/spillway demo
test: ; ./.ci/test
test-faults: ; cd internal/faults && go test -count=1 -timeout 60m -faults.full -faults.table
bench-balance: ; go test -count=1 -timeout 30m -v ./internal/bench -run TestBalance -balance.full -balance.json='$(abspath $(JSON))'
check: test ; ./.ci/fuzz 5s
lint: ; ./.ci/lint
fuzz: ; ./.ci/fuzz 60s
bench: ; go test -run '^$$' -bench . -benchmem ./...
docs: build ; go generate ./...
