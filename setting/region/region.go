// Package region knows the regions of Google Cloud, so that a misspelt one is
// refused before anything is asked of Google.
package region

import (
	"slices"

	"github.com/coditect-ai/license-platform/setting"
)

// Known are the regions that Compute Engine lists, sorted
// (https://cloud.google.com/compute/docs/regions-zones#available). Google adds some every
// year: `gcloud compute regions list` shows which ones are missing here.
func Known() []string {
	return []string{
		"africa-south1", "asia-east1", "asia-east2", "asia-northeast1", "asia-northeast2", "asia-northeast3",
		"asia-south1", "asia-south2", "asia-southeast1", "asia-southeast2", "asia-southeast3", "australia-southeast1", "australia-southeast2",
		"europe-central2", "europe-north1", "europe-north2", "europe-southwest1", "europe-west1", "europe-west10", "europe-west12",
		"europe-west2", "europe-west3", "europe-west4", "europe-west6", "europe-west8", "europe-west9",
		"me-central1", "me-central2", "me-west1", "northamerica-northeast1", "northamerica-northeast2", "northamerica-south1",
		"southamerica-east1", "southamerica-west1", "us-central1", "us-east1", "us-east4", "us-east5", "us-south1",
		"us-west1", "us-west2", "us-west3", "us-west4",
	}
}

// ClusterZones is how many zones of its region a regional cluster is spread over by default, also where the
// region has more (https://cloud.google.com/kubernetes-engine/docs/concepts/regional-clusters).
const ClusterZones = 3

// Multi are the multi-regions that Cloud SQL keeps backups in
// (https://cloud.google.com/sql/docs/postgres/backup-recovery/backups#backup-location).
func Multi() []string { return []string{"asia", "eu", "us"} }

// Exists tells whether a region is known.
func Exists(name string) bool { return slices.Contains(Known(), name) }

// Hint says what is allowed in place of a region that is not known: the nearest
// one first.
func Hint(name string) string { return setting.Hint(name, Known()) }
