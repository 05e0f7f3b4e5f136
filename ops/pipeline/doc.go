// Package pipeline holds the tests of the workflows in .github: the rules of this project
// that actionlint does not check.
package pipeline
