package iam_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/local/google/iam"
)

func TestAGrantGivesItsRolesPermissionsToItsMemberWhereItsConditionHolds(t *testing.T) {
	t.Parallel()
	const member = "serviceAccount:license-api@acme.iam.gserviceaccount.com"
	const only = "resource.type == 'sqladmin.googleapis.com/Instance' && resource.name == 'projects/acme/instances/stores'"
	stores := iam.Resource{Type: "sqladmin.googleapis.com/Instance", Service: "sqladmin.googleapis.com", Name: "projects/acme/instances/stores"}
	another := iam.Resource{Type: stores.Type, Service: stores.Service, Name: "projects/acme/instances/another"}
	for name, c := range map[string]struct {
		grant      iam.Grant
		permission string
		on         iam.Resource
		allowed    bool
	}{
		"a client may connect":                  {iam.Grant{On: "projects/acme", Role: "roles/cloudsql.client", Member: member}, iam.SQLConnect, stores, true},
		"a client may look":                     {iam.Grant{On: "projects/acme", Role: "roles/cloudsql.client", Member: member}, iam.SQLGet, stores, true},
		"a client may not log in":               {iam.Grant{On: "projects/acme", Role: "roles/cloudsql.client", Member: member}, iam.SQLLogin, stores, false},
		"a user of the instance may log in":     {iam.Grant{On: "projects/acme", Role: "roles/cloudsql.instanceUser", Member: member}, iam.SQLLogin, stores, true},
		"a user of the instance may not dial":   {iam.Grant{On: "projects/acme", Role: "roles/cloudsql.instanceUser", Member: member}, iam.SQLConnect, stores, false},
		"another's grant":                       {iam.Grant{On: "projects/acme", Role: "roles/cloudsql.client", Member: "serviceAccount:else@acme.iam.gserviceaccount.com"}, iam.SQLConnect, stores, false},
		"a condition that holds":                {iam.Grant{On: "projects/acme", Role: "roles/cloudsql.client", Member: member, Condition: only}, iam.SQLConnect, stores, true},
		"a condition for another instance":      {iam.Grant{On: "projects/acme", Role: "roles/cloudsql.client", Member: member, Condition: only}, iam.SQLConnect, another, false},
		"a condition with a mistake":            {iam.Grant{On: "projects/acme", Role: "roles/cloudsql.client", Member: member, Condition: "resource.nmae =="}, iam.SQLConnect, stores, false},
		"a condition on what there is not here": {iam.Grant{On: "projects/acme", Role: "roles/cloudsql.client", Member: member, Condition: "request.time < timestamp('2020-01-01T00:00:00Z')"}, iam.SQLConnect, stores, false},
		"a condition that is no yes or no":      {iam.Grant{On: "projects/acme", Role: "roles/cloudsql.client", Member: member, Condition: "resource.name"}, iam.SQLConnect, stores, false},
	} {
		assert.Equal(t, c.allowed, iam.Allows([]iam.Grant{c.grant}, member, c.permission, c.on), name)
	}
	assert.False(t, iam.Allows(nil, member, iam.SQLConnect, stores), "nothing is allowed by itself")
}

func TestAGrantHoldsForWhatItIsOnAndItsParts(t *testing.T) {
	t.Parallel()
	const member = "serviceAccount:license-api@acme.iam.gserviceaccount.com"
	const ring = "projects/acme/locations/us-central1/keyRings/keys"
	version := iam.Resource{Name: ring + "/cryptoKeys/signing/cryptoKeyVersions/1"}
	secret := iam.Resource{Name: "projects/acme/secrets/password/versions/1", Conditional: "projects/123/secrets/password/versions/1"}
	for name, c := range map[string]struct {
		grant      iam.Grant
		permission string
		on         iam.Resource
		allowed    bool
	}{
		"the key":                      {iam.Grant{On: ring + "/cryptoKeys/signing", Role: "roles/cloudkms.signer"}, iam.Sign, version, true},
		"its ring":                     {iam.Grant{On: ring, Role: "roles/cloudkms.signerVerifier"}, iam.Sign, version, true},
		"its project":                  {iam.Grant{On: "projects/acme", Role: "roles/cloudkms.cryptoOperator"}, iam.Sign, version, true},
		"another key":                  {iam.Grant{On: ring + "/cryptoKeys/sign", Role: "roles/cloudkms.signer"}, iam.Sign, version, false},
		"another project":              {iam.Grant{On: "projects/acm", Role: "roles/cloudkms.signer"}, iam.Sign, version, false},
		"nothing":                      {iam.Grant{Role: "roles/cloudkms.signer"}, iam.Sign, version, false},
		"a signer sees no public key":  {iam.Grant{On: ring, Role: "roles/cloudkms.signer"}, iam.PublicKeyView, version, false},
		"who sees it does not sign":    {iam.Grant{On: ring, Role: "roles/cloudkms.publicKeyViewer"}, iam.Sign, version, false},
		"an administrator signs not":   {iam.Grant{On: ring, Role: "roles/cloudkms.admin"}, iam.Sign, version, false},
		"the secret":                   {iam.Grant{On: "projects/acme/secrets/password", Role: "roles/secretmanager.secretAccessor"}, iam.SecretAccess, secret, true},
		"a viewer reads no secret":     {iam.Grant{On: "projects/acme", Role: "roles/secretmanager.viewer"}, iam.SecretAccess, secret, false},
		"an editor reads no secret":    {iam.Grant{On: "projects/acme", Role: "roles/editor"}, iam.SecretAccess, secret, false},
		"a condition by the number":    {iam.Grant{On: "projects/acme", Role: "roles/secretmanager.secretAccessor", Condition: "resource.name.startsWith('projects/123/secrets/password/')"}, iam.SecretAccess, secret, true},
		"a condition by the id":        {iam.Grant{On: "projects/acme", Role: "roles/secretmanager.secretAccessor", Condition: "resource.name.startsWith('projects/acme/secrets/password/')"}, iam.SecretAccess, secret, false},
		"a role that nobody knows yet": {iam.Grant{On: "projects/acme", Role: "roles/cloudkms.new"}, iam.Sign, version, false},
	} {
		c.grant.Member = member
		assert.Equal(t, c.allowed, iam.Allows([]iam.Grant{c.grant}, member, c.permission, c.on), name)
	}
}
