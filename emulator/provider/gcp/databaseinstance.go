package gcp

import (
	"context"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
	"github.com/coditect-ai/license-platform/setting/sqlflag"
	"github.com/coditect-ai/license-platform/setting/sqltier"
)

// TypeDatabaseInstance is a Cloud SQL instance.
const TypeDatabaseInstance = "gcp:sql/databaseInstance:DatabaseInstance"

const (
	postgresPort = 5432
	// maxLogDays of ENTERPRISE; ENTERPRISE_PLUS takes 35
	// (https://cloud.google.com/sql/docs/postgres/backup-recovery/pitr).
	maxLogDays     = 7
	maxLogDaysPlus = 35
	// instanceNameKept is how long the name of a deleted instance is not free
	// (documentation of sql.DatabaseInstance.name in the provider's SDK).
	instanceNameKept = 7 * 24 * time.Hour
)

func (w *Cloud) databaseInstance() provider.Kind {
	return provider.Kind{
		Type: TypeDatabaseInstance, NameProperty: "name",
		Own:      true,
		Replaces: either(shrinks("settings.diskSize"), vanishes("settings.ipConfiguration.privateNetwork")),
		NameKept: instanceNameKept,
		Computed: []string{
			"connectionName", "dnsName", "firstIpAddress", "ipAddresses", "privateIpAddress", "publicIpAddress",
			"selfLink", "serverCaCerts", "serviceAccountEmailAddress", "availableMaintenanceVersions", "pscServiceAttachmentLink",
		},
		Secret: []string{"rootPassword", "serverCaCerts", "replicaConfiguration"},
		ID:     func(d *provider.Draft) string { return d.Inputs.Text("name") },
		Check:  w.checkInstance,
		Compute: func(_ context.Context, d *provider.Draft) error {
			return w.computeInstance(d)
		},
		Ensure: func(ctx context.Context, r store.Resource) error {
			outputs := provider.Properties(r.Outputs)
			at, err := netip.ParseAddr(outputs.Text("privateIpAddress"))
			if err != nil {
				return apiError(500, "the instance %s has no private address: %v", r.ID, err)
			}
			return w.Databases.EnsureInstance(ctx, outputs.Text("project"), r.ID, netip.AddrPortFrom(at, postgresPort), databaseFlags(outputs))
		},
		Refusal: func(r store.Resource) error {
			if protected, given := r.Inputs["deletionProtection"].(bool); !given || protected {
				return apiError(400, "The instance %s is protected. Set deletionProtection to false and run an update before deleting it.", r.ID)
			}
			return nil
		},
		Remove: func(ctx context.Context, r store.Resource) error { return w.Databases.RemoveInstance(ctx, r.ID) },
	}
}

func (w *Cloud) computeInstance(d *provider.Draft) error {
	name, region := d.Inputs.Text("name"), d.Region()
	private := d.Inputs.Text("settings.ipConfiguration.privateNetwork")
	if private == "" {
		return apiError(400, "Invalid request: the embedded cloud gives Cloud SQL a private address only: set settings.ipConfiguration.privateNetwork")
	}
	if !w.peered(private) {
		return apiError(400, "Invalid request: Incorrect Service Networking config for instance: %s:%s:SERVICE_NETWORKING_NOT_ENABLED. Create the private services connection first.", d.Project(), name)
	}
	if err := w.checkKey("gcp-sa-cloud-sql", d.Inputs.Text("encryptionKeyName")); err != nil {
		return err
	}
	at := provider.Properties(d.Outputs).Text("privateIpAddress")
	if at == "" {
		free, err := w.privateAddress(TypeDatabaseInstance, d.Inputs.Text("settings.ipConfiguration.allocatedIpRange"))
		if err != nil {
			return err
		}
		at = free.String()
	}
	d.Outputs["project"], d.Outputs["region"] = d.Project(), region
	d.Outputs["connectionName"] = d.Project() + ":" + region + ":" + name
	d.Outputs["privateIpAddress"], d.Outputs["firstIpAddress"], d.Outputs["publicIpAddress"] = at, at, ""
	d.Outputs["ipAddresses"] = []any{map[string]any{"ipAddress": at, "type": "PRIVATE", "timeToRetire": ""}}
	d.Outputs["selfLink"] = "https://sqladmin.googleapis.com/sql/v1beta4/projects/" + d.Project() + "/instances/" + name
	d.Outputs["serviceAccountEmailAddress"] = "p" + ProjectNumber + "-local@gcp-sa-cloud-sql.iam.gserviceaccount.com"
	authority, err := w.Databases.ServerCA(name)
	if err != nil {
		return err
	}
	d.Outputs["serverCaCerts"] = []any{map[string]any{"cert": authority, "commonName": "Google Cloud SQL Server CA", "createTime": "", "expirationTime": "", "sha1Fingerprint": ""}}
	fallback(d, "deletionProtection", true)
	return nil
}

// privateAddress takes the next free address of the private services range with this name
// for a type of instance. Each service has a part of the range to itself
// (https://cloud.google.com/vpc/docs/private-services-access#allocation): Cloud SQL the
// lower half, Memorystore the upper one, so that the order in which two instances are
// made does not matter.
func (w *Cloud) privateAddress(typ, reserved string) (netip.Addr, error) {
	taken := map[string]bool{}
	for _, r := range w.Store.List(typ) {
		outputs := provider.Properties(r.Outputs)
		taken[outputs.Text("privateIpAddress")], taken[outputs.Text("host")] = true, true
	}
	lower, upper := halves(w.privateRange(reserved))
	part := map[string]netip.Prefix{TypeDatabaseInstance: lower, TypeRedisInstance: upper}[typ]
	return nextAddress(part, func(a netip.Addr) bool { return taken[a.String()] })
}

// privateRange is the range that has this name: the platform's, or the one that others had
// before.
func (w *Cloud) privateRange(name string) netip.Prefix {
	theirs := w.Addresses.TheirPrivateServices
	for _, r := range w.Store.List(TypeGlobalAddress) {
		outputs := provider.Properties(r.Outputs)
		if theirs.IsValid() && outputs.Text("name") == last(name) && outputs.Text("address") == theirs.Addr().String() {
			return theirs
		}
	}
	return w.Addresses.PrivateServices
}

func databaseFlags(p provider.Properties) map[string]string {
	flags := map[string]string{}
	for _, item := range p.List("settings.databaseFlags") {
		if flag, ok := item.(map[string]any); ok {
			flags[provider.Properties(flag).Text("name")] = provider.Properties(flag).Text("value")
		}
	}
	return flags
}

func (w *Cloud) checkInstance(d *provider.Draft) []provider.Failure {
	failures := checkName(d, "name", regexp.MustCompile(`^[a-z]([-a-z0-9]{0,96}[a-z0-9])?$`))
	refuse := func(property, format string, values ...any) {
		failures = append(failures, provider.Refuse(property, format, values...))
	}
	version := d.Inputs.Text("databaseVersion")
	if version != "" && !strings.HasPrefix(version, "POSTGRES_") {
		refuse("databaseVersion", "the embedded cloud runs PostgreSQL only, got %s", version)
	}
	edition := d.Inputs.Text("settings.edition")
	if edition == "" && !d.Inputs.Has("settings.edition") {
		if major, err := strconv.Atoi(strings.TrimPrefix(version, "POSTGRES_")); err == nil && major >= 16 {
			edition = "ENTERPRISE_PLUS" // the API's default from PostgreSQL 16 on
		} else {
			edition = "ENTERPRISE"
		}
	}
	checkTier(d.Inputs.Text("settings.tier"), edition, refuse)
	limit := float64(maxLogDays)
	if edition == "ENTERPRISE_PLUS" {
		limit = maxLogDaysPlus
	}
	if days, known := d.Inputs.Number("settings.backupConfiguration.transactionLogRetentionDays"); known && (days < 1 || days > limit) {
		refuse("settings.backupConfiguration.transactionLogRetentionDays", "Error 400: Invalid request: Transaction log retention days must be between 1 and %v for edition %s, got %v", limit, edition, days)
	}
	if count, known := d.Inputs.Number("settings.backupConfiguration.backupRetentionSettings.retainedBackups"); known && (count < 1 || count > 365) {
		refuse("settings.backupConfiguration.backupRetentionSettings.retainedBackups", "Error 400: Invalid request: retained backups must be between 1 and 365, got %v", count)
	}
	if d.Inputs.Text("settings.availabilityType") == "REGIONAL" && !d.Inputs.True("settings.backupConfiguration.enabled") && !d.Inputs.Has("masterInstanceName") {
		refuse("settings.backupConfiguration", "Error 400: Invalid request: backups and point-in-time recovery must be enabled for an instance with availabilityType REGIONAL")
	}
	if version == sqlflag.Version {
		flags := databaseFlags(d.Inputs)
		machine, _ := sqltier.Parse(d.Inputs.Text("settings.tier"))
		for _, name := range slices.Sorted(maps.Keys(flags)) {
			value := flags[name]
			why, allowed := sqlflag.Check(name, value)
			if why == "" {
				why, allowed = sqlflag.CheckMemory(name, value, machine.Memory)
			}
			if why != "" {
				refuse("settings.databaseFlags", "Error 400: Invalid request: Invalid flag for instance: %s = %s %s; allowed: %s", name, value, why, allowed)
			}
		}
	}
	return append(failures, checkKeyPlace("encryptionKeyName", d.Inputs.Text("encryptionKeyName"), d.Region())...)
}

// checkTier knows which tiers an edition has, and the rules of custom ones.
func checkTier(tier, edition string, refuse func(property, format string, values ...any)) {
	const property = "settings.tier"
	machine, custom := sqltier.Parse(tier)
	why, allowed := machine.Check()
	switch {
	case tier == "":
		return
	case edition == "ENTERPRISE_PLUS" && !strings.HasPrefix(tier, "db-perf-optimized-") && !strings.HasPrefix(tier, "db-c4a-"):
		refuse(property, "Error 400: Invalid request: Invalid Tier (%s) for (ENTERPRISE_PLUS) Edition. Use a predefined Tier like db-perf-optimized-N-2, or set edition to ENTERPRISE", tier)
	case edition == "ENTERPRISE" && strings.HasPrefix(tier, "db-perf-optimized-"):
		refuse(property, "Error 400: Invalid request: Invalid Tier (%s) for (ENTERPRISE) Edition", tier)
	case custom && why != "":
		refuse(property, "Error 400: Invalid request: Invalid Tier (%s): it %s; allowed: %s", tier, why, allowed)
	}
}
