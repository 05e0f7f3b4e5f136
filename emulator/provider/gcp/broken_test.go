package gcp_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
)

// What the provider (v5.42) does when its request was done and the answer was lost: it sends
// the request again.
func TestACreationWhoseAnswerIsLostIsSentAgain(t *testing.T) {
	t.Parallel()
	account := map[string]any{"accountId": "license-api"}
	channel := map[string]any{"type": "email", "displayName": "security", "labels": map[string]any{"email_address": "security@coditect.ai"}}
	for name, once := range map[string]struct {
		typ    string
		inputs map[string]any
		says   string
		exist  int
	}{
		"a name in use":               {gcp.TypeServiceAccount, account, "already exists", 1},
		"an API that is on":           {gcp.TypeService, map[string]any{"service": "redis.googleapis.com"}, "", 1},
		"an agent that there is":      {gcp.TypeServiceIdentity, map[string]any{"service": "redis.googleapis.com"}, "", 1},
		"sign-in that is switched on": {gcp.TypeIdentityConfig, map[string]any{}, "Identity Platform has already been enabled", 1},
		"a thing without a name":      {gcp.TypeNotificationChannel, channel, "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t)
			lost := false
			c.server.Breaking(func(string) provider.Break {
				if lost {
					return provider.Whole
				}
				lost = true
				return provider.AnswerLost
			}, true)
			_, _, err := c.create(once.typ, "it", once.inputs)
			if once.says == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, once.says)
				_, _, err = c.create(once.typ, "it", once.inputs)
				require.ErrorContains(t, err, once.says, "and so does the next update")
			}
			assert.Len(t, c.store.List(once.typ), once.exist)
		})
	}
}

func TestACreationThatFailsMakesNothing(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.server.Breaking(func(string) provider.Break { return provider.Failed }, true)
	_, _, err := c.create(gcp.TypeServiceAccount, "it", map[string]any{"accountId": "license-api"})
	require.ErrorContains(t, err, "Error 500")
	assert.Empty(t, c.store.List(gcp.TypeServiceAccount))
}

func TestADeletedLogBucketKeepsItsName(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	bucket := map[string]any{"bucketId": "b", "location": region, "project": project}
	id, _ := c.must(gcp.TypeLogBucket, "b", bucket)
	require.NoError(t, c.delete(gcp.TypeLogBucket, id))
	_, _, err := c.create(gcp.TypeLogBucket, "b", bucket)
	require.ErrorContains(t, err, "DELETE_REQUESTED")
}
