// Package constraint holds, as one table of tests, the inputs that Google's APIs, the
// Kubernetes API server and the providers refuse, with the source of each rule.
// docs/constraints.md is generated from it:
//
//	go test ./emulator/provider/constraint -update
package constraint
