//go:build tools

// Package tools pins the kube-apiserver and etcd that `make conformance` builds,
// in a module of their own because Kubernetes needs its staging modules replaced.
package tools

import (
	_ "go.etcd.io/etcd/server/v3"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
)
