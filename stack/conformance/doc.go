// Package conformance holds the check that a real kube-apiserver accepts every
// Kubernetes object of every stack. It has no code of its own: its tests need
// the binaries that `make conformance` builds, so a build tag keeps them apart.
package conformance
