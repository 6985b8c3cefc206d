//go:build !race

package faults_test

// allowance is what a stream may take of the memory that is allowed for it, in
// percent: a measurement is never quite exact.
const allowance = 110
