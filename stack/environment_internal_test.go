package stack

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheNameInADatabasesCertificateIsTheConnectionNameWithoutItsRegion(t *testing.T) {
	t.Parallel()
	for connection, name := range map[string]string{
		"coditect-cloud-infra:us-central1:license-db-1a2b": "coditect-cloud-infra:license-db-1a2b",
		"example.com:project:europe-west3:db":              "example.com:project:db",
		"not-known-yet":                                    "not-known-yet",
		"half:known":                                       "half:known",
	} {
		assert.Equal(t, name, certificateName(connection))
	}
}
