// Package playbooks holds what to do when an alert fires: one file for each, in
// Markdown.
package playbooks

import "embed"

// Files are the playbooks by name, for example "waf-denial-surge.md".
//
//go:embed *.md
var Files embed.FS
