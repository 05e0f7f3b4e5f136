package workload

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/coditect-ai/license-platform/setting"
)

// Settings says how the license API runs.
type Settings struct {
	// Image is a reference by digest to an image that exists already, for example
	// the one another stack has tested. Empty: the image is built from source.
	Image string `json:"image,omitempty"`
	// Platform is the built image's, "linux/amd64" (default) or "linux/arm64".
	Platform string `json:"platform,omitempty"`
	// Replicas bound the number of pods; equal bounds mean no autoscaler.
	Replicas Replicas `json:"replicas"`
	// CPU and Memory are a pod's requests, in Kubernetes quantities; memory is
	// its limit too. Default 250m and 256Mi.
	CPU    string `json:"cpu,omitempty"`
	Memory string `json:"memory,omitempty"`
	// DrainSeconds is how long a leaving pod still answers, so that the load
	// balancer learns of its leaving first; default 60.
	DrainSeconds int `json:"drainSeconds,omitempty"`
	// ShutdownSeconds is how long requests in flight may take after that;
	// default 30, the load balancer's own time limit for a request.
	ShutdownSeconds int `json:"shutdownSeconds,omitempty"`
	// LogLevel is debug, info (default), warn or error.
	LogLevel string `json:"logLevel,omitempty"`
	// CORSOrigins may call the API from a browser, beside the platform's domain
	// and license host.
	CORSOrigins []string `json:"corsOrigins,omitempty"`
	// Tenants are upserted by the migration, with their licences.
	Tenants []Tenant `json:"tenants,omitempty"`
}

// Replicas bound the number of pods.
type Replicas struct {
	// Min is 1 at least, Max not below it.
	Min int `json:"min"`
	Max int `json:"max"`
}

// Tenant is a customer with its licences.
type Tenant struct {
	// Name is the tenant's name in the identity settings, too.
	Name string `json:"name"`
	// Licenses of the tenant.
	Licenses []License `json:"licenses,omitempty"`
}

// License is a number of seats for a product.
type License struct {
	// ID is the licence's name in the API's paths.
	ID string `json:"id"`
	// Product that the licence is for.
	Product string `json:"product"`
	// Seats that can be leased at a time, 1 at least.
	Seats int `json:"seats"`
	// LeaseSeconds is how long a seat lives without a heartbeat; 0 leaves it to
	// the API.
	LeaseSeconds int `json:"leaseSeconds,omitempty"`
}

// Validate lists every mistake, with keys below "api".
func (s Settings) Validate() setting.Problems {
	var ps setting.Problems
	if s.Image != "" && !regexp.MustCompile(`^[a-z0-9.:/_-]+@sha256:[0-9a-f]{64}$`).MatchString(s.Image) {
		ps.Add("image", s.Image, "is no reference by digest", "HOST/PATH@sha256:DIGEST, or nothing to build it from source")
	}
	if platforms := []string{"linux/amd64", "linux/arm64"}; !slices.Contains(platforms, s.BuildPlatform()) {
		ps.Add("platform", s.Platform, "is no platform of GKE's nodes", strings.Join(platforms, " or "))
	}
	if s.Replicas.Min < 1 || s.Replicas.Max < s.Replicas.Min {
		ps.Add("replicas", s.Replicas, "the bounds do not fit", "1 <= min <= max")
	}
	for key, value := range map[string]string{"cpu": s.cpu(), "memory": s.memory()} {
		if !regexp.MustCompile(`^[0-9]+(\.[0-9]+)?(m|Ki|Mi|Gi)?$`).MatchString(value) {
			ps.Add(key, value, "is no quantity", "a Kubernetes quantity such as 250m or 256Mi")
		}
	}
	if s.DrainSeconds < 0 || s.DrainSeconds > 600 {
		ps.Add("drainSeconds", s.DrainSeconds, "is out of range", "0 (for 60) to 600")
	}
	if s.ShutdownSeconds < 0 || s.ShutdownSeconds > 600 {
		ps.Add("shutdownSeconds", s.ShutdownSeconds, "is out of range", "0 (for 30) to 600")
	}
	if levels := []string{"debug", "info", "warn", "error"}; !slices.Contains(levels, s.logLevel()) {
		ps.Add("logLevel", s.LogLevel, "is no level", strings.Join(levels, ", "))
	}
	for i, origin := range s.CORSOrigins {
		if !regexp.MustCompile(`^https://[a-z0-9.-]+(:[0-9]+)?$`).MatchString(origin) {
			ps.Add("corsOrigins["+strconv.Itoa(i)+"]", origin, "is no secure origin", "https://HOST[:PORT]")
		}
	}
	return append(ps, s.validateTenants()...)
}

func (s Settings) validateTenants() (ps setting.Problems) {
	name := regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,62}[a-z0-9])?$`)
	const allowed = "lower-case letters, digits and hyphens, unique"
	tenants, licenses := map[string]bool{}, map[string]bool{}
	for i, tenant := range s.Tenants {
		key := "tenants[" + strconv.Itoa(i) + "]"
		if !name.MatchString(tenant.Name) || tenants[tenant.Name] {
			ps.Add(key+".name", tenant.Name, "is no name or is taken", allowed)
		}
		tenants[tenant.Name] = true
		for j, license := range tenant.Licenses {
			key := key + ".licenses[" + strconv.Itoa(j) + "]"
			if !name.MatchString(license.ID) || licenses[license.ID] {
				ps.Add(key+".id", license.ID, "is no name or is taken", allowed)
			}
			licenses[license.ID] = true
			if license.Product == "" {
				ps.Add(key+".product", "", "is empty", "the product's name")
			}
			if license.Seats < 1 {
				ps.Add(key+".seats", license.Seats, "nobody could use it", "1 or more")
			}
			if license.LeaseSeconds < 0 {
				ps.Add(key+".leaseSeconds", license.LeaseSeconds, "is negative", "0 for the API's default, or more")
			}
		}
	}
	return ps
}
