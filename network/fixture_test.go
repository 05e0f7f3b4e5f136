package network_test

import (
	"errors"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/network"
	"github.com/coditect-ai/license-platform/setting"
)

// existing is what a project has already: a network, its subnet, addresses and zones.
type existing struct {
	declared.Echo
	// subnet, network, addresses, policies and zones are what look-ups find; addresses and
	// SSL policies by name.
	subnet    map[string]any
	network   map[string]any
	addresses map[string]map[string]any
	policies  map[string]map[string]any
	zones     []any
	// database is the address of the platform's database, if there is one.
	database string
}

// theirs are a network and all that belongs to it, as somebody else made them.
func theirs() *existing {
	return &existing{
		subnet: map[string]any{"network": "https://www.googleapis.com/compute/v1/projects/acme/global/networks/vpc", "privateIpGoogleAccess": true},
		addresses: map[string]map[string]any{
			"edge":      {"addressType": "EXTERNAL", "status": "IN_USE", "address": "203.0.113.7"},
			"services":  {"purpose": "VPC_PEERING", "network": "projects/acme/global/networks/vpc", "address": "10.3.0.0", "prefixLength": 20},
			"elsewhere": {"purpose": "VPC_PEERING", "network": "projects/acme/global/networks/other", "address": "10.4.0.0", "prefixLength": 20},
			"endpoint":  {"purpose": "GCE_ENDPOINT", "network": "projects/acme/global/networks/vpc", "address": "10.5.0.0", "prefixLength": 20},
		},
		policies: map[string]map[string]any{"tls13": {"profile": "RESTRICTED", "minTlsVersion": "TLS_1_3"}},
	}
}

// Call implements declared.Cloud.
func (e *existing) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	name := ""
	if given, ok := args.Args["name"]; ok {
		name = given.StringValue()
	}
	found := map[string]any{"name": name, "id": "id-of-" + name, "selfLink": "link-of-" + name}
	more := map[string]any{}
	switch args.Token {
	case "gcp:compute/getNetwork:getNetwork":
		more = e.network
	case "gcp:compute/getSubnetwork:getSubnetwork":
		if e.subnet == nil {
			return nil, errors.New("Error 404: there is no such subnet")
		}
		more = e.subnet
	case "gcp:compute/getGlobalAddress:getGlobalAddress":
		if e.addresses[name] == nil {
			return nil, errors.New("Error 404: there is no such address")
		}
		more = e.addresses[name]
	case "gcp:compute/getSSLPolicy:getSSLPolicy":
		if e.policies[name] == nil {
			return nil, errors.New("there is no such policy")
		}
		more = e.policies[name]
	case "gcp:compute/getAddresses:getAddresses":
		if e.addresses == nil {
			return nil, errors.New("addresses may not be listed")
		}
		var all []any
		for name, address := range e.addresses {
			if address["purpose"] != nil {
				all = append(all, map[string]any{"name": name})
			}
		}
		more = map[string]any{"addresses": all}
	case "gcp:dns/getManagedZones:getManagedZones":
		more = map[string]any{"managedZones": e.zones}
	}
	for key, value := range more {
		found[key] = value
	}
	return resource.NewPropertyMapFromMap(found), nil
}

// problems are what the checks of the settings find in the project, and the names of the checks.
func (e *existing) problems(t *testing.T, settings network.Settings, inUse bool) (names []string, found setting.Problems, failed error) {
	t.Helper()
	recorder := &declared.Recorder{Cloud: e}
	require.NoError(t, recorder.Run(func(ctx *pulumi.Context) error {
		for _, check := range network.Checks(ctx, network.CheckArgs{Settings: settings, Project: "acme", Region: "us-central1", AddressInUse: inUse, Database: func() (string, error) { return e.database, nil }}) {
			problems, err := check.Look()
			names, found, failed = append(names, check.Name), append(found, problems...), errors.Join(failed, err)
		}
		return nil
	}))
	return names, found, failed
}

// layer is layer 2, declared under a Recorder.
type layer struct {
	*declared.Recorder
	*network.Network
}

// declare declares layer 2 with the settings, beside what the project has.
func declare(t *testing.T, settings network.Settings) *layer {
	t.Helper()
	l := &layer{Recorder: &declared.Recorder{Cloud: theirs()}}
	require.NoError(t, l.Run(func(ctx *pulumi.Context) (err error) {
		l.Network, err = network.New(ctx, "net", &network.Args{Settings: settings, Project: "acme", Region: "us-central1"})
		return err
	}))
	return l
}

// text is an output that is known.
func text(t *testing.T, output pulumi.StringOutput) string {
	t.Helper()
	result, err := internals.UnsafeAwaitOutput(t.Context(), output)
	require.NoError(t, err)
	value, _ := result.Value.(string)
	return value
}
