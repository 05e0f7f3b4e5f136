package monitoring

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// Times of managed Prometheus and of Cloud Monitoring, at their own pace.
const (
	// defaultInterval is between two scrapes where a PodMonitoring names none, and
	// between two evaluations of the rules.
	defaultInterval = 30 * time.Second
	// repeatInterval is how long a continuing incident is not notified again.
	repeatInterval = 24 * time.Hour
	// clockSetBack is how far the machine's clock may be set back.
	clockSetBack = "1d"
)

// object is a part of a configuration file.
type object = map[string]any

// target is a pod's port that is scraped.
type target struct {
	address netip.AddrPort
	labels  map[string]string
}

// scrape is the scrape configuration of one endpoint of a PodMonitoring.
type scrape struct {
	name, path string
	interval   time.Duration
	targets    []target
}

// prometheusConfig is prometheus.yml. The targets are in separate files, which Prometheus
// reads by itself when they change: after a reload of its configuration it does not know
// Alertmanager for some seconds, and alerts that fire then are late.
// https://prometheus.io/docs/prometheus/2.42/configuration/configuration/
func prometheusConfig(p Pace, exporter, alertmanager netip.AddrPort, scrapes []scrape) ([]byte, error) {
	interval := promDuration(p.shorten(defaultInterval))
	jobs := []object{{
		"job_name": "google", "scrape_interval": interval, "scrape_timeout": interval, "metrics_path": "/metrics",
		"static_configs": []object{{"targets": []string{exporter.String()}}},
	}}
	for _, s := range scrapes {
		every := promDuration(p.shorten(s.interval))
		jobs = append(jobs, object{
			"job_name": s.name, "metrics_path": s.path, "scrape_interval": every, "scrape_timeout": every,
			"file_sd_configs": []object{{"files": []string{s.targetsFile()}}},
		})
	}
	return render("the configuration of Prometheus", object{
		"global":     object{"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
		"rule_files": []string{"rules.yml"},
		// A machine's clock is set back now and then. Otherwise samples older than the
		// latest one are dropped, until the clock has caught up, and no alert fires.
		"storage":        object{"tsdb": object{"out_of_order_time_window": clockSetBack}},
		"alerting":       object{"alertmanagers": []object{{"static_configs": []object{{"targets": []string{alertmanager.String()}}}}}},
		"scrape_configs": jobs,
	})
}

// targetsFile is the name of the file with the endpoint's targets.
func (s scrape) targetsFile() string {
	return "targets-" + strings.ReplaceAll(s.name, "/", "-") + ".json"
}

// targetsList is the content of that file.
// https://prometheus.io/docs/prometheus/2.42/configuration/configuration/#file_sd_config
func (s scrape) targetsList() ([]byte, error) {
	groups := []object{}
	for _, t := range s.targets {
		groups = append(groups, object{"targets": []string{t.address.String()}, "labels": t.labels})
	}
	content, err := json.Marshal(groups)
	if err != nil {
		return nil, fmt.Errorf("write the targets of %s: %w", s.name, err)
	}
	return content, nil
}

// prometheusRules is rules.yml.
func prometheusRules(p Pace, rules []rule) ([]byte, error) {
	all := make([]object, 0, len(rules))
	for _, r := range rules {
		all = append(all, object{
			"alert": r.name, "expr": p.query(r.expression), "for": promDuration(p.shorten(r.wait)),
			"labels":      object{"policy": r.policy, "severity": r.severity},
			"annotations": object{"summary": r.summary, "playbook": r.playbook},
		})
	}
	return render("the rules of Prometheus", object{"groups": []object{{"name": "alert-policies", "rules": all}}})
}

// alertmanagerConfig is alertmanager.yml: every incident is told by itself, once
// when it begins and once when it is over.
// https://prometheus.io/docs/alerting/0.25/configuration/
func alertmanagerConfig(inbox netip.AddrPort, credentials string) ([]byte, error) {
	return render("the configuration of Alertmanager", object{
		"route": object{
			"receiver": "inbox", "group_by": []string{"..."},
			"group_wait": "0s", "group_interval": "1s", "repeat_interval": promDuration(repeatInterval),
		},
		"receivers": []object{{"name": "inbox", "webhook_configs": []object{{
			"url": "http://" + inbox.String() + inboxPath, "send_resolved": true,
			"http_config": object{"authorization": object{"type": "Bearer", "credentials_file": credentials}},
		}}}},
	})
}

func render(what string, value object) ([]byte, error) {
	content, err := yaml.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", what, err)
	}
	return content, nil
}

// jobName names the scrapes of one endpoint.
func jobName(namespace, name, port string) string {
	return strings.Join([]string{namespace, name, port}, "/")
}
