package postgres

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/app"
)

func TestWhatIsWrittenTogetherLocksTheLicenceAsMuchAsItNeedsAndThenLeasesInTheirOrder(t *testing.T) {
	t.Parallel()
	ref := app.LicenseRef{Tenant: "acme", License: "ide"}
	w := writes{waiting: map[app.LicenseRef][]*write{ref: {
		{lease: "ide_c"}, {lease: "ide_b", grant: true}, {lease: "ide_a"}, {lease: "ide_d", grant: true}, {lease: "ide_a", grant: true}, {lease: "ide_b"},
	}}}
	var grants, endings []string
	for _, one := range w.take(ref) {
		if one.grant {
			assert.Empty(t, endings, "grants come first")
			grants = append(grants, one.lease)
			continue
		}
		endings = append(endings, one.lease)
	}
	assert.Equal(t, []string{"ide_a", "ide_b", "ide_d"}, grants)
	assert.Equal(t, []string{"ide_a", "ide_b", "ide_c"}, endings)
}
