// Package apiserver merges what several field managers declare about one
// Kubernetes object, with the API server's own code
// (https://kubernetes.io/docs/reference/using-api/server-side-apply/).
//
// There is no schema here: objects are merged by the rules for objects without a schema.
// Maps are merged key by key, and a list belongs to one manager as a whole. For an
// Ingress these are the real rules: rules, paths and tls are atomic lists
// (k8s.io/api/networking/v1, "+listType=atomic"). Lists that are merged by key, as the
// containers of a pod, belong to a single manager here.
package apiserver
