// Package alerts runs the alerts of observe/alert over series with Prometheus's
// own engine, and compares the metrics that they and the playbooks read with
// those that the license API and Google export.
//
// It is a module of its own: Prometheus brings hundreds of packages along, and
// its versions of gRPC and protobuf must not decide those of the Google Cloud
// SDK in the root module. `make test` runs its tests.
package alerts
