package gcp

import (
	"context"
	"crypto/rand"
	"net/netip"
	"regexp"

	"github.com/coditect-ai/license-platform/emulator/memorystore"
	"github.com/coditect-ai/license-platform/emulator/provider"
	"github.com/coditect-ai/license-platform/emulator/store"
)

// TypeRedisInstance is a Memorystore for Redis instance.
const TypeRedisInstance = "gcp:redis/instance:Instance"

const (
	redisPort    = 6379
	redisTLSPort = 6378
	mebibytes    = 1024 // in a gibibyte
)

var redisName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}[a-z0-9]$`)

func (w *Cloud) redisInstance() provider.Kind {
	return provider.Kind{
		Type: TypeRedisInstance, NameProperty: "name",
		Own:      true,
		Replaces: goesBack("redisVersion"),
		Computed: []string{
			"authString", "createTime", "currentLocationId", "host", "port", "serverCaCerts", "persistenceIamIdentity",
			"nodes", "readEndpoint", "readEndpointPort", "effectiveLabels", "pulumiLabels", "maintenanceSchedules",
		},
		Secret: []string{"authString"},
		// google-beta/services/redis/resource_redis_instance.go, resourceRedisInstanceRead
		Unread: []string{"reservedIpRange"},
		ID: func(d *provider.Draft) string {
			return "projects/" + d.Project() + "/locations/" + d.Region() + "/instances/" + d.Inputs.Text("name")
		},
		Check: w.checkRedis,
		Compute: func(_ context.Context, d *provider.Draft) error {
			return w.computeRedis(d)
		},
		Ensure: func(ctx context.Context, r store.Resource) error {
			outputs := provider.Properties(r.Outputs)
			host, err := netip.ParseAddr(outputs.Text("host"))
			if err != nil {
				return apiError(500, "the instance %s has no address: %v", r.ID, err)
			}
			port, _ := outputs.Number("port")
			gibibytes, _ := outputs.Number("memorySizeGb")
			return w.Caches.EnsureCache(ctx, r.ID, netip.AddrPortFrom(host, uint16(port)), outputs.Text("authString"), redisConfigs(outputs), int(gibibytes)*mebibytes)
		},
		Remove: func(ctx context.Context, r store.Resource) error { return w.Caches.RemoveCache(ctx, r.ID) },
	}
}

func (w *Cloud) computeRedis(d *provider.Draft) error {
	if d.Inputs.Text("connectMode") == "PRIVATE_SERVICE_ACCESS" && !w.peered(d.Inputs.Text("authorizedNetwork")) {
		return apiError(400, "Google private services access is not enabled. Enable privates service access and try again.")
	}
	if err := w.checkKey(redisAgent, d.Inputs.Text("customerManagedKey")); err != nil {
		return err
	}
	outputs := provider.Properties(d.Outputs)
	if outputs.Text("host") == "" {
		free, err := w.privateAddress(TypeRedisInstance, d.Inputs.Text("reservedIpRange"))
		if err != nil {
			return err
		}
		d.Outputs["host"] = free.String()
	}
	d.Outputs["region"], d.Outputs["port"] = d.Region(), float64(redisPort)
	if d.Inputs.Text("transitEncryptionMode") == "SERVER_AUTHENTICATION" {
		d.Outputs["port"] = float64(redisTLSPort)
		d.Outputs["serverCaCerts"] = []any{map[string]any{"cert": w.CA, "createTime": "", "expireTime": "", "serialNumber": "1", "sha1Fingerprint": ""}}
	}
	switch {
	case !d.Inputs.True("authEnabled"):
		d.Outputs["authString"] = ""
	case outputs.Text("authString") == "" && w.NewPassword != nil:
		d.Outputs["authString"] = w.NewPassword()
	case outputs.Text("authString") == "":
		d.Outputs["authString"] = rand.Text()
	}
	fallback(d, "tier", "BASIC")
	fallback(d, "currentLocationId", d.Region()+"-a")
	fallback(d, "persistenceIamIdentity", "serviceAccount:"+serviceAgent(redisAgent))
	return nil
}

func redisConfigs(p provider.Properties) map[string]string {
	configs := map[string]string{}
	for name, value := range p.Object("redisConfigs") {
		if text, ok := value.(string); ok {
			configs[name] = text
		}
	}
	return configs
}

func (w *Cloud) checkRedis(d *provider.Draft) []provider.Failure {
	failures := checkName(d, "name", redisName)
	if size, known := d.Inputs.Number("memorySizeGb"); known && (size < 1 || size > 300) {
		failures = append(failures, provider.Refuse("memorySizeGb", "Error 400: Invalid value for memorySizeGb: %v. Must be between 1 and 300", size))
	}
	if err := memorystore.CheckConfigs(redisConfigs(d.Inputs)); err != nil {
		failures = append(failures, provider.Refuse("redisConfigs", "Error 400: Invalid Redis configuration: %v", err))
	}
	return append(failures, checkKeyPlace("customerManagedKey", d.Inputs.Text("customerManagedKey"), d.Region())...)
}
