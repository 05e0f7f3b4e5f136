package workload

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/coditect-ai/license-platform/setting"
)

// Settings says how the license API runs.
type Settings struct {
	// Image is a reference by digest to an image that exists already, for example
	// the one another stack has tested. Empty: the image is built from source.
	Image string `json:"image,omitempty"`
	// Platform is the image's, "linux/amd64" (default) or "linux/arm64": pods run on nodes
	// with such processors only.
	Platform string `json:"platform,omitempty"`
	// Replicas bound the number of pods; equal bounds mean no autoscaler.
	Replicas Replicas `json:"replicas"`
	// CPU and Memory are a pod's requests, in Kubernetes quantities; memory is
	// its limit too, 128Mi at least, and bounds the connections of a pod. Default 250m
	// and 256Mi.
	CPU    string `json:"cpu,omitempty"`
	Memory string `json:"memory,omitempty"`
	// DrainSeconds is how long a terminating pod still answers, so that the load balancer
	// removes it first; default 60.
	DrainSeconds int `json:"drainSeconds,omitempty"`
	// ShutdownSeconds is how long requests in flight may take after that;
	// default 30, the load balancer's own time limit for a request. Both together are at
	// most 595: GKE waits ten minutes for a pod.
	ShutdownSeconds int `json:"shutdownSeconds,omitempty"`
	// SettleSeconds is how long a new pod has to stay ready before it counts as available
	// and the next one is replaced. 60 covers two scrapes of its metrics; without them
	// Cloud Monitoring refuses the first alerts. Default 0; at most 300.
	SettleSeconds int `json:"settleSeconds,omitempty"`
	// LogLevel is debug, info (default), warn or error.
	LogLevel string `json:"logLevel,omitempty"`
	// CORSOrigins may call the API from a browser, beside the platform's domain
	// and license host.
	CORSOrigins []string `json:"corsOrigins,omitempty"`
}

// Replicas bound the number of pods.
type Replicas struct {
	// Min is 1 at least, Max not below it.
	Min int `json:"min"`
	Max int `json:"max"`
}

// maxReplicas is far more than a database has connections for.
const maxReplicas = 1000

// requireQuantity records a problem unless value is a Kubernetes quantity from least to
// most. So 512m, half a byte, is not taken for 512Mi.
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
func requireQuantity(ps *setting.Problems, key, value, least, most string) {
	given, err := resource.ParseQuantity(value)
	if err != nil {
		ps.Add(key, value, "is not a valid quantity", "a Kubernetes quantity such as 250m or 256Mi")
		return
	}
	if given.Cmp(resource.MustParse(least)) < 0 || given.Cmp(resource.MustParse(most)) > 0 {
		ps.Add(key, value, "is out of range", least+" to "+most)
	}
}

// Validate lists every mistake, with keys below "api".
func (s Settings) Validate() setting.Problems {
	var ps setting.Problems
	if s.Image != "" && !regexp.MustCompile(`^[a-z0-9.:/_-]+@sha256:[0-9a-f]{64}$`).MatchString(s.Image) {
		ps.Add("image", s.Image, "is not a valid reference by digest", "HOST/PATH@sha256:DIGEST, or nothing to build it from source")
	}
	setting.OneOf(&ps, "platform", s.BuildPlatform(), platformX86, platformArm)
	switch {
	case s.Replicas.Min < 1 || s.Replicas.Min > maxReplicas:
		ps.Add("replicas.min", s.Replicas.Min, "is out of range", fmt.Sprintf("1 to %d", maxReplicas))
	case s.Replicas.Max < s.Replicas.Min || s.Replicas.Max > maxReplicas:
		ps.Add("replicas.max", s.Replicas.Max, "is out of range", fmt.Sprintf("%d, which is min, to %d", s.Replicas.Min, maxReplicas))
	}
	requireQuantity(&ps, "cpu", s.cpu(), "10m", "64")
	requireQuantity(&ps, "memory", s.memory(), "128Mi", "256Gi")
	ps = append(ps, s.validateTermination()...)
	if s.SettleSeconds < 0 || s.SettleSeconds > 300 {
		ps.Add("settleSeconds", s.SettleSeconds, "is out of range", "0 to 300")
	}
	setting.OneOf(&ps, "logLevel", s.logLevel(), "debug", "info", "warn", "error")
	for i, origin := range s.CORSOrigins {
		if !regexp.MustCompile(`^https://[a-z0-9.-]+(:[0-9]+)?$`).MatchString(origin) {
			ps.Add("corsOrigins["+strconv.Itoa(i)+"]", origin, "is not a valid secure origin", "https://HOST[:PORT]")
		} else if host, usual := strings.CutSuffix(origin, ":443"); usual {
			// https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin
			ps.Add("corsOrigins["+strconv.Itoa(i)+"]", origin, "never matches: browsers omit the default port", host)
		}
	}
	return ps
}

// validateTermination refuses a pod that leaves more slowly than GKE waits for it.
func (s Settings) validateTermination() (ps setting.Problems) {
	most := int((longestTermination - spareTermination).Seconds())
	if s.DrainSeconds < 0 || s.DrainSeconds > most {
		ps.Add("drainSeconds", s.DrainSeconds, "is out of range", fmt.Sprintf("0 (for %d) to %d", defaultDrainSeconds, most))
	}
	if s.ShutdownSeconds < 0 || s.ShutdownSeconds > most {
		ps.Add("shutdownSeconds", s.ShutdownSeconds, "is out of range", fmt.Sprintf("0 (for %d) to %d", defaultShutdownSeconds, most))
	}
	if len(ps) == 0 && s.terminationTime() > longestTermination {
		ps.Add("drainSeconds", s.drain(), fmt.Sprintf("is with shutdownSeconds = %d longer than the ten minutes after which GKE kills a pod on a node that it takes away", s.shutdown()),
			fmt.Sprintf("%d for both together", most))
	}
	return ps
}
