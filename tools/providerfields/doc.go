// Providerfields reads the Terraform provider's schema, which is Go source, and
// writes what it says about each property as the data of the embedded cloud
// (emulator/provider/gcp/fields): which are required, cannot change in place or are
// computed, and which values they take. It runs nothing of the provider: its
// source is parsed. A type is read when it has a file, whose first entry says where its
// schema stands: {"": {"schema":"compute.ResourceComputeSslPolicy"}} is enough of one.
//
//	go run . -provider DIR -sdk DIR -into ../../emulator/provider/gcp/fields
//
// DIR is a clone of hashicorp/terraform-provider-google-beta in the version that
// pulumi-gcp is made of (v5.42.0 for 7.38): `make fields PROVIDER=DIR`.
package main
