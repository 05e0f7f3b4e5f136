package observe

import (
	"fmt"
	"net/mail"
	"regexp"
	"slices"

	"github.com/coditect-ai/license-platform/observe/alert"
	"github.com/coditect-ai/license-platform/observe/objective"
	"github.com/coditect-ai/license-platform/observe/uptime"
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
	// KeepInDefault leaves a second copy of the platform's log entries in the project's
	// bucket _Default, which is global and has no key of the platform's. Error Reporting
	// reads entries there. Default false.
	KeepInDefault bool `json:"keepInDefault"`
	// AuditedServices are the APIs whose reads and writes of data are logged;
	// changes of configuration are logged always. Default Cloud KMS, Secret
	// Manager and Cloud SQL.
	// https://cloud.google.com/logging/docs/audit/services
	AuditedServices []string `json:"auditedServices"`
	// ExistingAudit leaves the project's audit configuration to its owner: nothing is
	// declared. It has to log reads of secrets. Default false.
	ExistingAudit bool `json:"existingAudit"`
	// Emails are the addresses that alerts reach, with PagerDuty at most 16.
	Emails []string `json:"emails"`
	// Deployers are the e-mail addresses of the service accounts that deploy this stack.
	// Their changes raise no alert; changes by anybody else do, except by Google's own
	// controllers. Without any, only changes by people are: a person's `pulumi up` among
	// them.
	Deployers []string `json:"deployers"`
	// Alerts are the thresholds of the alerts.
	Alerts alert.Thresholds `json:"alerts"`
	// Objectives are the service level objectives.
	Objectives objective.Settings `json:"objectives"`
	// Uptime is the check from outside.
	Uptime uptime.Settings `json:"uptime"`
	// Playbooks is the address below which the playbooks can be read, with a
	// slash at its end. Default: the path in the repository.
	Playbooks string `json:"playbooks"`
}

// MaxChannels is how many notification channels an alert policy has at most
// (https://cloud.google.com/monitoring/quotas#alerting).
const MaxChannels = 16

// secretsAPI writes the audit log that one of the alerts reads.
const secretsAPI = "secretmanager.googleapis.com"

var (
	bucketForm  = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_.-]{0,99}$`)
	serviceForm = regexp.MustCompile(`^[a-z][a-z0-9-]*\.googleapis\.com$`)
	accountForm = regexp.MustCompile(`^[a-z0-9-]+@[a-z0-9.-]+\.gserviceaccount\.com$`)
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
		s.AuditedServices = []string{"cloudkms.googleapis.com", secretsAPI, "cloudsql.googleapis.com"}
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
	declared := s
	s = s.withDefaults()
	if !bucketForm.MatchString(s.Bucket) {
		found.Add("bucket", s.Bucket, "has the wrong form", "1 to 100 letters, digits, _, - or ., a letter first")
	}
	if s.RetentionDays < 1 || s.RetentionDays > 3650 {
		found.Add("retentionDays", s.RetentionDays, "is out of range", "1 to 3650 days")
	}
	if s.ExistingAudit && len(declared.AuditedServices) > 0 {
		found.Add("auditedServices", declared.AuditedServices, "nothing is declared with observe.existingAudit", "nothing, or observe.existingAudit: false")
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
	if !seen[secretsAPI] {
		found.Add("auditedServices", s.AuditedServices, "lacks "+secretsAPI+", so no alert would tell that a person read a secret", "a list with "+secretsAPI+", or nothing")
	}
	for i, account := range s.Deployers {
		key := fmt.Sprintf("deployers[%d]", i)
		if !accountForm.MatchString(account) {
			found.Add(key, account, "is not a service account", "NAME@PROJECT.iam.gserviceaccount.com")
		}
		if slices.Contains(s.Deployers[:i], account) {
			found.Add(key, account, "is listed twice", "every service account once")
		}
	}
	if len(s.Emails) > MaxChannels {
		found.Add("emails", len(s.Emails), "are more than an alert notifies", fmt.Sprintf("at most %d; a group's address reaches all of its members", MaxChannels))
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
	found = append(found, s.Objectives.Validate().Within("objectives")...)
	found = append(found, s.Uptime.Validate().Within("uptime")...)
	return append(found, thresholds(s.Alerts).Within("alerts")...)
}

// thresholds lists what is wrong with the alerts' thresholds.
func thresholds(t alert.Thresholds) setting.Problems {
	var found setting.Problems
	for key, rate := range map[string]float64{
		"refusalsPerSecond":      t.RefusalsPerSecond,
		"requestsPerSecond":      t.RequestsPerSecond,
		"signingErrorsPerSecond": t.SigningErrorsPerSecond,
		"seatRefusalsPerSecond":  t.SeatRefusalsPerSecond,
		"denialsPerSecond":       t.DenialsPerSecond,
	} {
		if rate <= 0 {
			found.Add(key, rate, "would always fire", "more than 0 a second")
		}
	}
	for key, share := range map[string]float64{"poolShare": t.PoolShare, "redisMemoryShare": t.RedisMemoryShare} {
		if share <= 0 || share >= 1 {
			found.Add(key, share, "is out of range", "between 0 and 1, both excluded")
		}
	}
	if t.CertificateDays < 1 || t.CertificateDays >= 30 {
		found.Add("certificateDays", t.CertificateDays, "is out of range", "1 to 29 days: before that a managed certificate is not renewed yet")
	}
	return found
}
