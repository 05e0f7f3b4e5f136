// Package identity declares layer 5 of the platform as Google Cloud sees it:
// who the workloads are, what each of them may do, and where users sign in.
package identity
