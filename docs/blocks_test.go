package docs_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mvdan.cc/sh/v3/syntax"
)

// root is the module's folder.
const root = ".."

// block is one fenced piece of a document.
type block struct {
	document, language, text string
	line                     int
}

// documents are the README and everything below docs.
func documents(t *testing.T) []string {
	t.Helper()
	found := []string{filepath.Join(root, "README.md")}
	for _, pattern := range []string{"*.md", filepath.Join("playbooks", "*.md")} {
		matches, err := filepath.Glob(pattern)
		require.NoError(t, err)
		found = append(found, matches...)
	}
	return found
}

// blocks are the fenced pieces of a document, without the indentation of a list.
func blocks(t *testing.T, document string) []block {
	t.Helper()
	content, err := os.ReadFile(document)
	require.NoError(t, err)
	var all []block
	var open *block
	indent := 0
	for n, line := range strings.Split(string(content), "\n") {
		fence := strings.TrimLeft(line, " ")
		switch {
		case strings.HasPrefix(fence, "```") && open == nil:
			indent = len(line) - len(fence)
			open = &block{document: document, language: strings.TrimPrefix(fence, "```"), line: n + 1}
		case strings.HasPrefix(fence, "```"):
			all, open = append(all, *open), nil
		case open != nil:
			open.text += strings.TrimPrefix(line, strings.Repeat(" ", indent)) + "\n"
		}
	}
	require.Nil(t, open, "%s: a block is not closed", document)
	return all
}

// every returns the blocks of a language in all documents.
func every(t *testing.T, language string) []block {
	t.Helper()
	var all []block
	for _, document := range documents(t) {
		all = append(all, slices.DeleteFunc(blocks(t, document), func(b block) bool { return b.language != language })...)
	}
	require.NotEmpty(t, all)
	return all
}

// command is one simple command of a block. A word that the shell would expand
// stands as "$".
type command struct {
	block
	words []string
}

func (c command) String() string { return strings.Join(c.words, " ") }

// flags are the words that begin with a dash, without their values; rest are all
// others but the first.
func (c command) flags() (flags, rest []string) {
	for _, word := range c.words[1:] {
		if strings.HasPrefix(word, "-") && len(word) > 1 {
			flag, _, _ := strings.Cut(word, "=")
			flags = append(flags, flag)
		} else {
			rest = append(rest, word)
		}
	}
	return flags, rest
}

// value returns what a flag is set to, by "--flag=value" or "--flag value".
func (c command) value(flag string) string {
	for i, word := range c.words {
		if value, found := strings.CutPrefix(word, flag+"="); found {
			return value
		}
		if word == flag && i+1 < len(c.words) {
			return c.words[i+1]
		}
	}
	return ""
}

// commands are all simple commands of a block, those in substitutions too, and
// the functions that it defines.
func commands(t *testing.T, b block) (found []command, functions []string) {
	t.Helper()
	parsed, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(b.text), b.document)
	require.NoError(t, err, "%s:%d", b.document, b.line)
	syntax.Walk(parsed, func(node syntax.Node) bool {
		switch n := node.(type) {
		case *syntax.FuncDecl:
			functions = append(functions, n.Name.Value)
		case *syntax.DeclClause: // export and its like hold no command but in substitutions
			assert.Contains(t, []string{"export"}, n.Variant.Value)
		case *syntax.CallExpr:
			if len(n.Args) > 0 {
				c := command{block: b}
				for _, word := range n.Args {
					c.words = append(c.words, literal(word.Parts))
				}
				found = append(found, c)
			}
		}
		return true
	})
	return found, functions
}

func literal(parts []syntax.WordPart) string {
	var text strings.Builder
	for _, part := range parts {
		switch p := part.(type) {
		case *syntax.Lit:
			text.WriteString(p.Value)
		case *syntax.SglQuoted:
			text.WriteString(p.Value)
		case *syntax.DblQuoted:
			text.WriteString(literal(p.Parts))
		default:
			text.WriteString("$")
		}
	}
	return text.String()
}

func TestEveryBlockIsOfALanguageThatATestReads(t *testing.T) {
	t.Parallel()
	for _, document := range documents(t) {
		for _, b := range blocks(t, document) {
			// Go snippets are calls of app/verify, which its own examples compile, and the program of
			// docs/client.md, which the tests of app/client run.
			assert.Contains(t, []string{"sh", "yaml", "go"}, b.language, "%s:%d", b.document, b.line)
		}
	}
}
