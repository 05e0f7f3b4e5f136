// Package loadbalancer stands for Google's classic external Application Load
// Balancer in the embedded cloud: it ends TLS on one loopback address, routes by
// host and path, lets Cloud Armor decide before anything reaches a backend, and
// passes what is allowed to healthy endpoints.
//
// It knows nothing of Kubernetes or of the store: a Config comes from outside
// (package loadbalancer builds it) and can be swapped at any time without losing
// a request.
//
// The classic load balancer is the model because that is what GKE creates for
// the ingress class gce
// (https://cloud.google.com/kubernetes-engine/docs/concepts/ingress).
package loadbalancer
