package observe

import (
	"fmt"
	"net/mail"
	"regexp"

	"github.com/coditect-ai/license-platform/observe/alert"
	"github.com/coditect-ai/license-platform/setting"
)

// Settings is what a stack can choose in layer 7.
type Settings struct {
	// DeletionProtection keeps Pulumi from deleting the log bucket: it is the
	// evidence. Default true.
	DeletionProtection *bool `json:"deletionProtection"`
	// Bucket is the name of the log bucket: 1 to 100 letters, digits, _, - or .,
	// a letter first. A deleted bucket's name is free again after seven days.
	// https://cloud.google.com/logging/docs/buckets
	// Default "license-platform".
	Bucket string `json:"bucket"`
	// RetentionDays is how long logs are kept, 1 to 3650 days. Default 400, as
	// long as Google keeps admin activity logs.
	RetentionDays int `json:"retentionDays"`
	// Locked forbids for ever to shorten the retention or to delete the bucket
	// while it holds logs. It cannot be undone. Default false.
	// https://cloud.google.com/logging/docs/buckets#locking-logs-buckets
	Locked bool `json:"locked"`
	// AuditedServices are the APIs whose reads and writes of data are logged;
	// changes of configuration are logged always. Default Cloud KMS, Secret
	// Manager and Cloud SQL.
	// https://cloud.google.com/logging/docs/audit/services
	AuditedServices []string `json:"auditedServices"`
	// Emails are the addresses that alerts reach.
	Emails []string `json:"emails"`
	// Alerts are the thresholds of the alerts.
	Alerts alert.Thresholds `json:"alerts"`
	// Playbooks is the address below which the playbooks can be read, with a
	// slash at its end. Default: the path in the repository.
	Playbooks string `json:"playbooks"`
}

var (
	bucketForm  = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_.-]{0,99}$`)
	serviceForm = regexp.MustCompile(`^[a-z][a-z0-9-]*\.googleapis\.com$`)
	folderForm  = regexp.MustCompile(`^(https://[^\s]+/|docs/playbooks/)$`)
)

// Protected says whether the log bucket is guarded from deletion.
func (s Settings) Protected() bool {
	return s.DeletionProtection == nil || *s.DeletionProtection
}

func (s Settings) withDefaults() Settings {
	if s.Bucket == "" {
		s.Bucket = "license-platform"
	}
	if s.RetentionDays == 0 {
		s.RetentionDays = 400
	}
	if len(s.AuditedServices) == 0 {
		s.AuditedServices = []string{"cloudkms.googleapis.com", "secretmanager.googleapis.com", "cloudsql.googleapis.com"}
	}
	if s.Playbooks == "" {
		s.Playbooks = "docs/playbooks/"
	}
	s.Alerts = s.Alerts.WithDefaults()
	return s
}

// Validate lists everything that is wrong with the settings.
func (s Settings) Validate() setting.Problems {
	var found setting.Problems
	s = s.withDefaults()
	if !bucketForm.MatchString(s.Bucket) {
		found.Add("bucket", s.Bucket, "has the wrong form", "1 to 100 letters, digits, _, - or ., a letter first")
	}
	if s.RetentionDays < 1 || s.RetentionDays > 3650 {
		found.Add("retentionDays", s.RetentionDays, "is out of range", "1 to 3650 days")
	}
	seen := map[string]bool{}
	for i, service := range s.AuditedServices {
		key := fmt.Sprintf("auditedServices[%d]", i)
		if !serviceForm.MatchString(service) {
			found.Add(key, service, "is not an API", "NAME.googleapis.com")
		}
		if seen[service] {
			found.Add(key, service, "is listed twice", "every API once")
		}
		seen[service] = true
	}
	for i, address := range s.Emails {
		key := fmt.Sprintf("emails[%d]", i)
		if parsed, err := mail.ParseAddress(address); err != nil || parsed.Address != address {
			found.Add(key, address, "is not an e-mail address", "name@domain")
		}
		if seen[address] {
			found.Add(key, address, "is listed twice", "every address once")
		}
		seen[address] = true
	}
	if !folderForm.MatchString(s.Playbooks) {
		found.Add("playbooks", s.Playbooks, "is not an address", "https://…/, or nothing")
	}
	return append(found, thresholds(s.Alerts).Within("alerts")...)
}

// thresholds lists what is wrong with the alerts' thresholds.
func thresholds(t alert.Thresholds) setting.Problems {
	var found setting.Problems
	for key, rate := range map[string]float64{
		"refusalsPerSecond":      t.RefusalsPerSecond,
		"requestsPerSecond":      t.RequestsPerSecond,
		"signingErrorsPerSecond": t.SigningErrorsPerSecond,
	} {
		if rate <= 0 {
			found.Add(key, rate, "would always fire", "more than 0 a second")
		}
	}
	if t.PoolShare <= 0 || t.PoolShare >= 1 {
		found.Add("poolShare", t.PoolShare, "is out of range", "between 0 and 1, both excluded")
	}
	return found
}
