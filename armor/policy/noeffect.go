package policy

import (
	"reflect"

	"github.com/coditect-ai/license-platform/setting"
)

// NoEffect lists settings that are written and decide nothing, because another setting takes
// their rules away. They are not mistakes: an allowlist may stand ready for an incident. Keys are
// relative to the settings of the layer.
func (s Settings) NoEffect() setting.Problems {
	var found setting.Problems
	note := func(key string, value any, why, instead string) {
		if !reflect.ValueOf(value).IsZero() {
			found.Add(key, value, why, instead)
		}
	}
	if s.withDefaults().Mode == RateLimited {
		note("allowlist", s.Allowlist, "everybody may call in mode rateLimit", "mode: allowlist")
	} else {
		note("rateLimit", s.RateLimit, "only the allowlist may call, without a limit", "mode: rateLimit")
		note("seats", s.Seats, "only the allowlist may call, without a limit", "mode: rateLimit")
	}
	threat, adaptive := s.ThreatIntelligence, s.AdaptiveProtection
	threat.Off, adaptive.Off, adaptive.RuleVisibility = false, false, ""
	switch {
	case !s.Enterprise:
		note("threatIntelligence", threat, "the project has no Cloud Armor Enterprise", "enterprise: true")
		note("adaptiveProtection", adaptive, "without Cloud Armor Enterprise it only alerts", "enterprise: true")
	default:
		if s.ThreatIntelligence.Off {
			note("threatIntelligence", threat, "its rules are taken away", "off: false")
		}
		if s.AdaptiveProtection.Off {
			note("adaptiveProtection", adaptive, "it is taken away", "off: false")
		}
	}
	if s.Regions.Off {
		regions := s.Regions
		regions.Off = false
		note("regions", regions, "its rule is taken away", "off: false")
	}
	return found
}
