package server_test

import "testing"

// drill leaves a test that acts out a failure at length to `make faults`.
func drill(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("left out by -short: make faults runs it")
	}
}
