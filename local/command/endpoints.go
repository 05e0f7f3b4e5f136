package command

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/coditect-ai/license-platform/local/daemon"
	"github.com/coditect-ai/license-platform/local/pulumi/engine"
)

// endpoints is what `up` writes for programs to read.
type endpoints struct {
	Edge    string            `json:"edge"`
	CA      string            `json:"ca"`
	Hosts   map[string]string `json:"hosts"`
	Metrics string            `json:"metrics"`
	Tenant  string            `json:"tenant"`
	License string            `json:"license"`
	// Database is the name of the stack's Cloud SQL instance.
	Database string `json:"database"`
	// KeyVersion is the full name of the version that signs.
	KeyVersion string `json:"keyVersion"`
}

const endpointsFile = "endpoints.json"

// metricsPort is the container port of the API's metrics.
const metricsPort = 9090

func (c *cloud) writeEndpoints(outputs engine.Outputs, status daemon.Status) (endpoints, error) {
	e := endpoints{
		Edge: "https://" + c.daemon.Record.Plan.Edge().String(), CA: filepath.Join(c.dir, "ca.pem"), Hosts: map[string]string{},
	}
	hosts, _ := outputs["hosts"].(map[string]any)
	for name, host := range hosts {
		e.Hosts[name], _ = host.(string)
	}
	for _, p := range status.Pods {
		if strings.HasPrefix(p.Owner, "Deployment/") && p.Ready {
			e.Metrics = fmt.Sprintf("http://%s:%d/metrics", p.IP, metricsPort)
			break
		}
	}
	tenant, license := c.settings.demo()
	ids, _ := outputs["tenants"].(map[string]any)
	e.Tenant, _ = ids[tenant].(string)
	e.License = license
	connection, _ := outputs["sqlConnectionName"].(string)
	e.Database = connection[strings.LastIndex(connection, ":")+1:]
	e.KeyVersion, _ = outputs["activeSigningVersion"].(string)
	return e, daemon.WriteJSON(filepath.Join(c.dir, endpointsFile), e)
}

// printNext shows commands that work as they stand.
func (a *app) printNext(dir, page string, e endpoints) {
	host := e.Hosts["licenses"]
	port := e.Edge[strings.LastIndex(e.Edge, ":")+1:]
	curl := fmt.Sprintf("curl --cacert %s --resolve %s:%s:127.0.0.1", quoted(relativeTo(e.CA)), host, port)
	flag := ""
	if a.dir != "" {
		flag = " --dir " + quoted(a.dir)
	}
	a.out.line("load balancer  %s   hosts %s, %s, %s", e.Edge, host, e.Hosts["api"], e.Hosts["apex"])
	a.out.line("page        %s   the layers, and every request as it happens", page)
	a.out.line("metrics     %s", e.Metrics)
	a.out.line("demo        tenant %s, licence %s, 5 seats; everything above also in %s", e.Tenant, e.License, relativeTo(filepath.Join(dir, endpointsFile)))
	a.out.line("")
	a.out.line("try next:")
	a.out.line("  %s https://%s:%s/health", curl, host, port)
	a.out.line("  %s -H \"Authorization: Bearer $(%s token%s)\" \\", curl, self(), flag)
	a.out.line("    -H 'Content-Type: application/json' -d '{\"fingerprint\": \"my-laptop\"}' https://%s:%s/v1/licenses/%s/acquire", host, port, e.License)
	a.out.line("  %s 'https://%s:%s/health?id=1%%27%%20UNION%%20SELECT%%20password%%20FROM%%20users--'   # stopped by the WAF", curl, host, port)
	a.out.line("")
}
