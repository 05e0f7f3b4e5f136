package data

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/coditect-ai/license-platform/setting"
	"github.com/coditect-ai/license-platform/setting/region"
	"github.com/coditect-ai/license-platform/setting/sqltier"
)

// SQLSettings are the Cloud SQL instance.
type SQLSettings struct {
	// Tier is the machine: db-custom-CPUS-MEMORYMIB. Default
	// "db-custom-2-7680".
	// https://cloud.google.com/sql/docs/postgres/instance-settings
	Tier string `json:"tier"`
	// Availability is REGIONAL (default: a standby in a second zone) or ZONAL.
	Availability string `json:"availability"`
	// DiskGib is the first size of the disk, 10 to 65536 GiB; it grows by
	// itself and never shrinks. Default 10.
	DiskGib int `json:"diskGib"`
	// ConnectorOnly refuses every connection that does not come through a Cloud
	// SQL connector.
	ConnectorOnly bool `json:"connectorOnly"`
	// Backup says what is kept.
	Backup BackupSettings `json:"backup"`
	// Maintenance is the hour in which Google may restart the instance.
	Maintenance MaintenanceSettings `json:"maintenance"`
	// AuditClasses are the classes of statements that pgaudit logs: read,
	// write, function, role, ddl, misc, misc_set. Default ddl, role, write.
	// Statements are logged without their parameters.
	// https://cloud.google.com/sql/docs/postgres/pg-audit
	AuditClasses []string `json:"auditClasses"`
	// Flags are further database flags, name to value: on or off, a number
	// without a unit, or a word. The flags that make the audit trail cannot be set
	// here. Package sqlflag says which flags are known.
	// https://cloud.google.com/sql/docs/postgres/flags
	Flags map[string]string `json:"flags"`
	// UncheckedFlags are names of Flags that go to Google as they are, because
	// Google has a flag, or takes a value, that package sqlflag does not know yet.
	UncheckedFlags []string `json:"uncheckedFlags"`
}

// BackupSettings say which backups are kept.
type BackupSettings struct {
	// Count is the number of daily backups kept, 1 to 365. Default 30.
	Count int `json:"count"`
	// LogDays is for how many days any moment can be restored, 1 to 7 (the
	// bound of the ENTERPRISE edition), and less than Count: logs are deleted with
	// the backup that they continue. Default 7, or as many as Count allows.
	// https://cloud.google.com/sql/docs/postgres/backup-recovery/pitr
	LogDays int `json:"logDays"`
	// Location is the region or multi-region of the backups. Default the
	// instance's region.
	Location string `json:"location"`
	// Start is the start of the daily four-hour window, HH:MM in UTC. Default
	// "03:00".
	Start string `json:"start"`
}

// MaintenanceSettings are one hour a week, in UTC.
type MaintenanceSettings struct {
	// Day is 1 (Monday) to 7 (Sunday). Default 7.
	Day int `json:"day"`
	// Hour is 0 to 23. Default 0 with a Day, else 4.
	Hour int `json:"hour"`
}

var (
	hourForm      = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
	auditClasses  = []string{"read", "write", "function", "role", "ddl", "misc", "misc_set"}
	flagNameForm  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.]*$`)
	defaultAudits = []string{"ddl", "role", "write"}
)

func (s SQLSettings) withDefaults() SQLSettings {
	s.Tier = cmp.Or(s.Tier, "db-custom-2-7680")
	s.Availability = cmp.Or(s.Availability, "REGIONAL")
	s.DiskGib = cmp.Or(s.DiskGib, 10)
	s.Backup.Count = cmp.Or(s.Backup.Count, 30)
	s.Backup.LogDays = cmp.Or(s.Backup.LogDays, max(1, min(7, s.Backup.Count-1)))
	s.Backup.Start = cmp.Or(s.Backup.Start, "03:00")
	s.Maintenance = cmp.Or(s.Maintenance, MaintenanceSettings{Day: 7, Hour: 4})
	if len(s.AuditClasses) == 0 {
		s.AuditClasses = defaultAudits
	}
	return s
}

func validateTier(tier string) (found setting.Problems) {
	machine, custom := sqltier.Parse(tier)
	if !custom {
		found.Add("tier", tier, "has the wrong form", "db-custom-CPUS-MEMORYMIB, for example db-custom-2-7680 (edition ENTERPRISE)")
		return found
	}
	if why, allowed := machine.Check(); why != "" {
		found.Add("tier", tier, why, allowed)
	}
	return found
}

// Connections is how many connections the instance takes: what the flag
// max_connections says, else what Cloud SQL derives from the memory; 0 when the
// settings do not say
// (https://cloud.google.com/sql/docs/postgres/flags#postgres-m).
func (s SQLSettings) Connections() int {
	if given, err := strconv.Atoi(s.Flags["max_connections"]); err == nil {
		return given
	}
	memory := s.memory()
	if memory == 0 {
		return 0
	}
	connections := 0
	for _, step := range []struct{ gib, connections float64 }{
		{0, 50}, {3.75, 100}, {6, 200}, {7.5, 400}, {15, 500}, {30, 600}, {60, 800}, {120, 1000},
	} {
		if float64(memory) >= step.gib*1024 {
			connections = int(step.connections)
		}
	}
	return connections
}

// memory is the instance's, in MiB; 0 when the tier does not say.
func (s SQLSettings) memory() int {
	machine, _ := sqltier.Parse(s.withDefaults().Tier)
	return machine.Memory
}

func (s SQLSettings) validate() setting.Problems {
	var found setting.Problems
	s = s.withDefaults()
	found = append(found, validateTier(s.Tier)...)
	setting.OneOf(&found, "availability", s.Availability, "REGIONAL", "ZONAL")
	setting.InRange(&found, "diskGib", s.DiskGib, 10, 65536, "GiB")
	setting.InRange(&found, "backup.count", s.Backup.Count, 1, 365, "backups")
	setting.InRange(&found, "backup.logDays", s.Backup.LogDays, 1, 7, "days")
	if days := s.Backup.LogDays; days >= s.Backup.Count && days <= 7 {
		found.Add("backup.logDays", days, fmt.Sprintf("is more than %d daily backups can promise, as logs are deleted with the backup that they continue", s.Backup.Count),
			"less than backup.count")
	}
	setting.Matches(&found, "backup.start", s.Backup.Start, hourForm, "HH:MM in UTC")
	if at := s.Backup.Location; at != "" && !region.Exists(at) && !slices.Contains(region.Multi(), at) {
		found.Add("backup.location", at, "is not a valid place that backups can be kept in", setting.Hint(at, append(region.Multi(), region.Known()...))+", or nothing: the instance's region")
	}
	setting.InRange(&found, "maintenance.day", s.Maintenance.Day, 1, 7, "(Monday to Sunday)")
	setting.InRange(&found, "maintenance.hour", s.Maintenance.Hour, 0, 23, "hours, UTC")
	for i, class := range s.AuditClasses {
		setting.OneOf(&found, fmt.Sprintf("auditClasses[%d]", i), class, auditClasses...)
	}
	return append(found, s.validateFlags()...)
}
