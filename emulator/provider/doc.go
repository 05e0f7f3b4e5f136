// Package provider is the core of the embedded cloud's two Pulumi providers: it
// speaks the engine's protocol (pulumirpc.ResourceProvider) and knows nothing of
// any single kind of resource. Packages provider/gcp and provider/kubernetes
// describe the kinds; the store remembers what exists.
package provider
