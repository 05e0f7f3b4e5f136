package requestlog

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/app"
)

func TestEveryProblemOfTheAPIHasAMeaning(t *testing.T) {
	t.Parallel()
	known := meanings()
	for _, code := range app.Codes() {
		assert.NotEmpty(t, known[string(code)].why, "%s would be told as stopped by the identity, in no words", code)
	}
	assert.Len(t, known, len(app.Codes()))
}
