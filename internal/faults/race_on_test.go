//go:build race

package faults_test

// allowance is larger where the race detector keeps records of its own beside
// every buffer and goroutine; the run without it holds the real bound.
const allowance = 150
