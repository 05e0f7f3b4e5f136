// Package plans holds what every stack declares to what the providers refuse. It has
// tests only.
package plans
