// Package provider is the core of the embedded cloud's two Pulumi providers: it
// implements the engine's protocol (pulumirpc.ResourceProvider) and has no code for a
// single resource type. Packages provider/gcp and provider/kubernetes describe the kinds;
// the store remembers what exists.
package provider
