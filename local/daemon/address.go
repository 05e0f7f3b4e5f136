package daemon

import (
	"strings"

	"github.com/coditect-ai/license-platform/local/report/layer"
)

// At is the address of the part that emulates a layer; several addresses are separated by
// commas.
func (s Status) At(l layer.Layer) string {
	var all []string
	switch l.Address {
	case "pods":
		for _, p := range s.Pods {
			if strings.HasPrefix(p.Owner, "Deployment/") {
				all = append(all, p.IP)
			}
		}
	case "data":
		for _, name := range []string{"sql", "sqlAdmin", "redis", "kms", "secretManager"} {
			if at := s.Addresses[name]; at != "" {
				all = append(all, at)
			}
		}
	default:
		return s.Addresses[l.Address]
	}
	return strings.Join(all, ", ")
}
