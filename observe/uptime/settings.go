package uptime

import (
	"fmt"
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/setting"
)

// Settings are the check's.
type Settings struct {
	// Disabled removes the check and its alert, for a stack that Google's checkers cannot
	// reach, because Cloud Armor allows too few of their countries.
	Disabled bool `json:"disabled"`
	// PeriodSeconds is how often every checker asks: 60, 300, 600 or 900.
	// Default 60. https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.uptimeCheckConfigs
	PeriodSeconds int `json:"periodSeconds"`
	// TimeoutSeconds is how long a checker waits, 1 to 60. Default 10.
	TimeoutSeconds int `json:"timeoutSeconds"`
	// Regions are where the checkers stand, at least three of USA_OREGON, USA_IOWA,
	// USA_VIRGINIA, EUROPE, ASIA_PACIFIC, SOUTH_AMERICA. Default: all whose country Cloud
	// Armor allows.
	Regions []string `json:"regions"`
}

// Periods are how often a check can run, in seconds.
func Periods() []int { return []int{60, 300, 600, 900} }

// WithDefaults fills in everything that is zero but the regions, which follow
// from another layer.
func (s Settings) WithDefaults() Settings {
	if s.PeriodSeconds == 0 {
		s.PeriodSeconds = 60
	}
	if s.TimeoutSeconds == 0 {
		s.TimeoutSeconds = 10
	}
	return s
}

// Validate lists everything that is wrong with the settings.
func (s Settings) Validate() setting.Problems {
	var found setting.Problems
	s = s.WithDefaults()
	if !slices.Contains(Periods(), s.PeriodSeconds) {
		found.Add("periodSeconds", s.PeriodSeconds, "is not a valid period of a check", "60, 300, 600 or 900")
	}
	if s.TimeoutSeconds < 1 || s.TimeoutSeconds > 60 {
		found.Add("timeoutSeconds", s.TimeoutSeconds, "is out of range", "1 to 60")
	}
	for i, region := range s.Regions {
		key := fmt.Sprintf("regions[%d]", i)
		if !Known(region) {
			found.Add(key, region, "is not the region of a single checker", strings.Join(All(), ", "))
		}
		if slices.Contains(s.Regions[:i], region) {
			found.Add(key, region, "is listed twice", "every region once")
		}
	}
	if len(s.Regions) > 0 && len(s.Regions) < Fewest {
		found.Add("regions", s.Regions, "are too few", "at least three, or an empty list for all that Cloud Armor allows")
	}
	return found
}

// SelectedRegions are the regions that the check uses: those of the settings, otherwise
// all whose country is allowed.
func (s Settings) SelectedRegions(admits func(country string) bool) []string {
	if len(s.Regions) > 0 {
		return s.Regions
	}
	return Admitted(admits)
}

// ValidateRegions lists what is wrong with the settings when only some countries are
// allowed.
func (s Settings) ValidateRegions(admits func(country string) bool) setting.Problems {
	var found setting.Problems
	if s.Disabled {
		return found
	}
	admitted := Admitted(admits)
	for i, region := range s.Regions {
		if Known(region) && !slices.Contains(admitted, region) {
			found.Add(fmt.Sprintf("regions[%d]", i), region, "is in a country that Cloud Armor does not allow", strings.Join(append(admitted, "nothing"), ", "))
		}
	}
	if len(s.Regions) == 0 && len(admitted) < Fewest {
		found.Add("disabled", false, fmt.Sprintf("Cloud Armor lets in %d of Google's checkers, and a check needs three", len(admitted)),
			"true, or countries of three checkers in armor.regions.allowed: US has three; BE, SG and BR one each")
	}
	return found
}
