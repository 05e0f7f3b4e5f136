package monitoring

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Database has the metrics of a Cloud SQL instance.
type Database struct {
	// Instance is PROJECT:INSTANCE, Region where it is.
	Instance, Region string
	// Up says that it answers.
	Up bool
	// Activity is by the name of the database.
	Activity map[string]Activity
}

// Activity is what one database of the instance does.
type Activity struct {
	Backends, Commits, Rollbacks, Deadlocks, Bytes float64
}

const (
	// databaseTimeout bounds how long a scrape waits for PostgreSQL.
	databaseTimeout = 2 * time.Second
	// databaseAge is how old its answer may be: each takes a session.
	databaseAge = time.Second
)

// databases exports what PostgreSQL counts, under Google's names.
// https://cloud.google.com/monitoring/api/metrics_gcp_a_h#gcp-cloudsql
type databases struct {
	read func(context.Context) []Database

	up, backends, transactions, deadlocks, bytes *prometheus.Desc

	mu   sync.Mutex
	held []Database
	at   time.Time
}

func newDatabases(labels prometheus.Labels, read func(context.Context) []Database) *databases {
	const domain = "cloudsql_googleapis_com:"
	desc := func(name, help string, more ...string) *prometheus.Desc {
		return prometheus.NewDesc(domain+name, help, append([]string{"database_id", "region"}, more...), labels)
	}
	return &databases{
		read:         read,
		up:           desc("database_up", "1 when the server answers."),
		bytes:        desc("database_disk_bytes_used", "Bytes of all databases."),
		backends:     desc("database_postgresql_num_backends", "Open sessions.", "database"),
		deadlocks:    desc("database_postgresql_deadlock_count", "Deadlocks.", "database"),
		transactions: desc("database_postgresql_transaction_count", "Transactions that ended.", "database", "transaction_type"),
	}
}

// Describe implements prometheus.Collector.
func (d *databases) Describe(described chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{d.up, d.bytes, d.backends, d.deadlocks, d.transactions} {
		described <- desc
	}
}

// Collect implements prometheus.Collector.
func (d *databases) Collect(collected chan<- prometheus.Metric) {
	if d.read == nil {
		return
	}
	gauge, counter := prometheus.GaugeValue, prometheus.CounterValue
	tell := func(desc *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
		collected <- prometheus.MustNewConstMetric(desc, kind, value, labels...)
	}
	for _, instance := range d.recent() {
		up, bytes := 0.0, 0.0
		if instance.Up {
			up = 1
		}
		for name, a := range instance.Activity {
			bytes += a.Bytes
			tell(d.backends, gauge, a.Backends, instance.Instance, instance.Region, name)
			tell(d.deadlocks, counter, a.Deadlocks, instance.Instance, instance.Region, name)
			tell(d.transactions, counter, a.Commits, instance.Instance, instance.Region, name, "commit")
			tell(d.transactions, counter, a.Rollbacks, instance.Instance, instance.Region, name, "rollback")
		}
		tell(d.up, gauge, up, instance.Instance, instance.Region)
		if instance.Up {
			tell(d.bytes, gauge, bytes, instance.Instance, instance.Region)
		}
	}
}

// recent are the answers, at most a second old.
func (d *databases) recent() []Database {
	d.mu.Lock()
	defer d.mu.Unlock()
	if time.Since(d.at) < databaseAge {
		return d.held
	}
	ctx, cancel := context.WithTimeout(context.Background(), databaseTimeout)
	defer cancel()
	d.held, d.at = d.read(ctx), time.Now()
	return d.held
}
