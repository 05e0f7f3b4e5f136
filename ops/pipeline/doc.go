// Package pipeline holds the tests of the workflows in .github: what actionlint
// does not ask for, but this project does.
package pipeline
