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
		"a client may connect":                  {iam.Grant{Role: "roles/cloudsql.client", Member: member}, iam.SQLConnect, stores, true},
		"a client may look":                     {iam.Grant{Role: "roles/cloudsql.client", Member: member}, iam.SQLGet, stores, true},
		"a client may not log in":               {iam.Grant{Role: "roles/cloudsql.client", Member: member}, iam.SQLLogin, stores, false},
		"a user of the instance may log in":     {iam.Grant{Role: "roles/cloudsql.instanceUser", Member: member}, iam.SQLLogin, stores, true},
		"a user of the instance may not dial":   {iam.Grant{Role: "roles/cloudsql.instanceUser", Member: member}, iam.SQLConnect, stores, false},
		"another's grant":                       {iam.Grant{Role: "roles/cloudsql.client", Member: "serviceAccount:else@acme.iam.gserviceaccount.com"}, iam.SQLConnect, stores, false},
		"a condition that holds":                {iam.Grant{Role: "roles/cloudsql.client", Member: member, Condition: only}, iam.SQLConnect, stores, true},
		"a condition for another instance":      {iam.Grant{Role: "roles/cloudsql.client", Member: member, Condition: only}, iam.SQLConnect, another, false},
		"a condition with a mistake":            {iam.Grant{Role: "roles/cloudsql.client", Member: member, Condition: "resource.nmae =="}, iam.SQLConnect, stores, false},
		"a condition on what there is not here": {iam.Grant{Role: "roles/cloudsql.client", Member: member, Condition: "request.time < timestamp('2020-01-01T00:00:00Z')"}, iam.SQLConnect, stores, false},
		"a condition that is no yes or no":      {iam.Grant{Role: "roles/cloudsql.client", Member: member, Condition: "resource.name"}, iam.SQLConnect, stores, false},
	} {
		assert.Equal(t, c.allowed, iam.Allows([]iam.Grant{c.grant}, member, c.permission, c.on), name)
	}
	assert.False(t, iam.Allows(nil, member, iam.SQLConnect, stores), "nothing is allowed by itself")
}
