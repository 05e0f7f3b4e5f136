package docs_test

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryLinkInsideTheRepositoryLeadsSomewhere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	checked := 0
	for _, document := range append(documents(t), filepath.Join(root, "CHANGELOG.md"), filepath.Join(root, "CONTRIBUTING.md"), filepath.Join(root, "SECURITY.md")) {
		content, err := os.ReadFile(document)
		require.NoError(t, err)
		for _, match := range link.FindAllStringSubmatch(string(content), -1) {
			target, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			checked++
			path := document
			if target != "" {
				path = filepath.Join(filepath.Dir(document), target)
			}
			found, err := os.Stat(path)
			if assert.NoError(t, err, "%s links to %s", document, match[1]) && anchor != "" && !found.IsDir() {
				assert.Contains(t, anchors(t, path), anchor, "%s links to %s", document, match[1])
			}
		}
	}
	assert.Greater(t, checked, 10)
}

// anchors are a document's headings as a browser names them.
func anchors(t *testing.T, document string) []string {
	t.Helper()
	content, err := os.ReadFile(document)
	require.NoError(t, err)
	var all []string
	for _, match := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(string(content), -1) {
		name := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(match[1]), "")
		all = append(all, strings.ReplaceAll(name, " ", "-"))
	}
	return all
}

func TestEveryPictureIsWellFormedDescribedAndColouredForDarkAndLight(t *testing.T) {
	t.Parallel()
	pictures, err := filepath.Glob("*.svg")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(pictures), 4)
	for _, picture := range pictures {
		content, err := os.ReadFile(picture)
		require.NoError(t, err)
		used, elements, style := map[string]bool{}, map[string]bool{}, ""
		decoder := xml.NewDecoder(strings.NewReader(string(content)))
		for {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err, picture)
			if element, begins := token.(xml.StartElement); begins {
				elements[element.Name.Local] = true
				for _, attribute := range element.Attr {
					if attribute.Name.Local == "class" {
						used[attribute.Value] = true
					}
				}
				if element.Name.Local == "style" {
					require.NoError(t, decoder.DecodeElement(&style, &element))
				}
			}
		}
		assert.True(t, elements["title"] && elements["desc"], "%s says nothing to who cannot see it", picture)
		light, dark, both := strings.Cut(style, "@media (prefers-color-scheme: dark)")
		require.True(t, both, "%s has no dark colours", picture)
		for class := range used {
			assert.Contains(t, light, "."+class+" {", picture)
			assert.Contains(t, dark, "."+class+" {", "%s: .%s keeps its light colour on a dark page", picture, class)
		}
	}
}
