package stack

import (
	"github.com/coditect-ai/license-platform/armor"
	"github.com/coditect-ai/license-platform/data"
	"github.com/coditect-ai/license-platform/identity"
	"github.com/coditect-ai/license-platform/k8s"
	"github.com/coditect-ai/license-platform/k8s/workload"
	"github.com/coditect-ai/license-platform/network"
	"github.com/coditect-ai/license-platform/observe"
)

// Settings are all that a stack's file can decide, one field per key.
type Settings struct {
	// Platform is what every layer shares.
	Platform Platform `json:"platform"`
	// Armor is layer 1, Network layer 2, Kubernetes layers 3 and 4, Identity
	// layer 5, Data layer 6, Observe layer 7.
	Armor      armor.Settings    `json:"armor"`
	Network    network.Settings  `json:"network"`
	Kubernetes k8s.Settings      `json:"kubernetes"`
	Identity   identity.Settings `json:"identity"`
	Data       data.Settings     `json:"data"`
	Observe    observe.Settings  `json:"observe"`
	// API says how the license API runs.
	API workload.Settings `json:"api"`
	// Checks says which comparisons with what exists are left out; none by default.
	Checks Checks `json:"checks"`
	// Endpoints replace Google's own; empty on Google Cloud.
	Endpoints Endpoints `json:"endpoints"`
}

// Platform is what every layer shares: each of these values appears in a
// stack's file once.
type Platform struct {
	// Project is the id of the Google Cloud project, which exists.
	Project string `json:"project"`
	// Region holds everything that is regional, the keys included.
	Region string `json:"region"`
	// UnlistedRegion takes a Region that this program's list of Google's regions
	// does not have, because it is newer.
	UnlistedRegion bool `json:"unlistedRegion,omitempty"`
	// Domain is the platform's, for example "coditect.ai"; all hosts lie below.
	Domain string `json:"domain"`
	// Environment labels every resource, for example "prod".
	Environment string `json:"environment"`
	// Lockdown refuses every request to the license API at the edge, lets nobody sign in
	// and stops signing, until it is taken back. The hosts of others stay available.
	Lockdown bool `json:"lockdown,omitempty"`
}

// clusterLocation is the cluster's zone where the settings name one, else its
// region.
func (s Settings) clusterLocation() string {
	if s.Kubernetes.Cluster.Location == "" {
		return s.Platform.Region
	}
	return s.Kubernetes.Cluster.Location
}

// shared tells whether the project has other users.
func (s Settings) shared() bool {
	return s.Kubernetes.Cluster.Adopt || s.Network.Adopt || s.Network.EdgeAddress.Adopt || s.Identity.ExistingConfig
}

// licenseSubdomain is the license API's below the platform's domain.
const licenseSubdomain = "licenses"

// LicenseHost is the license API's host name.
func (p Platform) LicenseHost() string { return licenseSubdomain + "." + p.Domain }

// Endpoints are where Google's APIs are reached when it is not at their own
// addresses. All of them are given, or none.
type Endpoints struct {
	// KMS and SecretManager are gRPC servers, SQLAdmin is an https server with the Cloud
	// SQL Admin API, each IP:PORT.
	KMS           string `json:"kms"`
	SecretManager string `json:"secretManager"`
	SQLAdmin      string `json:"sqlAdmin"`
	// IdentityKeys is the https URL of the token issuer's public keys; its host
	// is an IP address.
	IdentityKeys string `json:"identityKeys"`
	// Registry is the container registry, HOST:PORT.
	Registry string `json:"registry"`
	// CA is the PEM certificate that all of them are verified with.
	CA string `json:"ca"`
}

// Given tells whether there are endpoints.
func (e Endpoints) Given() bool { return e != Endpoints{} }
