// Package e2e holds the one test that does what a person does: bring the whole
// stack up on this machine, use the license API through the load balancer, change
// the program, and take everything down again.
package e2e
