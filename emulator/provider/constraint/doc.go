// Package constraint holds, as one table of tests, what Google's APIs, the
// Kubernetes API server and the providers refuse of what the program uses, with
// the source of each rule. docs/constraints.md is written from it:
//
//	go test ./emulator/provider/constraint -update
package constraint
