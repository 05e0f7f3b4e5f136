// Package ingresscontroller does in the embedded cloud what GKE's Ingress controller
// (ingress-gce) and its NEG controller do in Google Cloud: it reads the declared
// Kubernetes and Google resources, translates the Ingress of class gce into the
// load balancer's configuration and keeps its endpoints equal to the ready pods.
//
// As there, one mistake stalls the whole Ingress: the last good configuration
// keeps serving, with the pods of today, and the status says what is missing.
package ingresscontroller
