package cost

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
)

// database prices an instance by its processors, memory and disk; a regional one
// has all of them twice. https://cloud.google.com/sql/docs/postgres/high-availability
func (l *ledger) database(r declared.Resource) {
	const component = "Cloud SQL"
	tier := r.Text("settings.tier")
	size := regexp.MustCompile(`^db-custom-(\d+)-(\d+)$`).FindStringSubmatch(tier)
	if size == nil {
		l.refuse("settings.tier", tier, "db-custom-CPUS-MEGABYTES")
		return
	}
	if edition := r.Text("settings.edition"); edition != "ENTERPRISE" {
		l.refuse("settings.edition", edition, "ENTERPRISE")
		return
	}
	copies, known := map[string]float64{"ZONAL": 1, "REGIONAL": 2}[r.Text("settings.availabilityType")]
	if !known {
		l.refuse("settings.availabilityType", r.Get("settings.availabilityType"), "ZONAL, REGIONAL")
		return
	}
	disk, given := r.Get("settings.diskSize").(float64)
	if !given || r.Text("settings.diskType") != "PD_SSD" {
		l.refuse("settings.diskType", r.Get("settings.diskType"), "PD_SSD with a diskSize")
		return
	}
	cpus, _ := strconv.ParseFloat(size[1], 64)      // digits
	megabytes, _ := strconv.ParseFloat(size[2], 64) // likewise
	where := fmt.Sprintf("%s, %s", tier, strings.ToLower(r.Text("settings.availabilityType")))
	l.add(component, "processors", where, "sql.vcpu", l.hourly(cpus*copies))
	l.add(component, "memory", where, "sql.memory", l.hourly(megabytes/1024*copies))
	l.add(component, "SSD", fmt.Sprintf("%g GiB at first, grows", disk), "sql.ssd", disk*copies)
}

// cache prices an instance by its memory; larger ones cost less for each GiB.
// https://cloud.google.com/memorystore/docs/redis/pricing
func (l *ledger) cache(r declared.Resource) {
	gib, given := r.Get("memorySizeGb").(float64)
	if !given || gib < 1 {
		l.refuse("memorySizeGb", r.Get("memorySizeGb"), "1 or more")
		return
	}
	capacity := "M5"
	for _, step := range []struct {
		most float64
		name string
	}{{100, "M4"}, {35, "M3"}, {10, "M2"}, {4, "M1"}} {
		if gib <= step.most {
			capacity = step.name
		}
	}
	tier := r.Text("tier")
	l.add("Redis", "memory", fmt.Sprintf("%g GiB, %s", gib, tier), "redis."+tier+"."+capacity, l.hourly(gib))
}

func (l *ledger) cluster(declared.Resource) {
	l.add("GKE cluster", "management", "", "gke.cluster", l.hourly(1))
}

// nodes prices a pool at its least number of nodes, which a regional pool has in
// each of its three zones.
// https://cloud.google.com/kubernetes-engine/docs/concepts/regional-clusters
func (l *ledger) nodes(r declared.Resource) {
	least, most, ok := l.nodeCounts(r)
	if !ok {
		return
	}
	machine := r.Text("nodeConfig.machineType")
	size := fmt.Sprintf("%g to %g of %s", least, most, machine)
	l.add("GKE cluster", "nodes at rest", size, "node."+machine, l.hourly(least))
	disk, given := r.Get("nodeConfig.diskSizeGb").(float64)
	if !given {
		l.refuse("nodeConfig.diskSizeGb", r.Get("nodeConfig.diskSizeGb"), "a number")
		return
	}
	kind := r.Text("nodeConfig.diskType")
	l.add("GKE cluster", "disks of nodes", fmt.Sprintf("%g GiB %s each", disk, kind), "disk."+kind, least*disk)
}

func (l *ledger) nodeCounts(r declared.Resource) (least, most float64, ok bool) {
	least, given := r.Get("autoscaling.minNodeCount").(float64)
	most, alsoGiven := r.Get("autoscaling.maxNodeCount").(float64)
	if !given || !alsoGiven {
		l.refuse("autoscaling", r.Get("autoscaling"), "minNodeCount and maxNodeCount")
		return 0, 0, false
	}
	zones := 3.0
	if regexp.MustCompile(`-[a-f]$`).MatchString(r.Text("location")) {
		zones = 1
	}
	return least * zones, most * zones, true
}

func (l *ledger) armorPolicy(declared.Resource) {
	l.add("Cloud Armor", "policy, Standard tier", "", "armor.policy", 1)
}

// nat prices a gateway by the nodes behind it, and its one address.
func (l *ledger) nat(declared.Resource) {
	nodes := 0.0
	for _, pool := range l.plan.Of(gcp.TypeNodePool) {
		least, _, ok := l.nodeCounts(pool)
		if !ok {
			return
		}
		nodes += least
	}
	l.add("Network", "Cloud NAT", fmt.Sprintf("%g nodes", nodes), "nat.node", l.hourly(nodes))
	l.add("Network", "Cloud NAT's address", "", "nat.address", l.hourly(1))
}

// key prices the version in use of a key that rotates by itself. Older versions,
// which still decrypt, cost the same again each.
func (l *ledger) key(r declared.Resource) {
	if r.Get("skipInitialVersionCreation") == true {
		return // its versions are declared
	}
	level := r.Text("versionTemplate.protectionLevel")
	l.add("Cloud KMS", "encryption keys", level, "kms."+level, 1)
}

// keyVersion prices a declared version by its key.
func (l *ledger) keyVersion(r declared.Resource) {
	for _, key := range l.plan.Of(gcp.TypeCryptoKey) {
		if key.ID != r.Text("cryptoKey") {
			continue
		}
		level, algorithm := key.Text("versionTemplate.protectionLevel"), key.Text("versionTemplate.algorithm")
		price := "kms." + level
		if level == "HSM" && !strings.Contains(algorithm, "2048") {
			price += ".large"
		}
		l.add("Cloud KMS", "signing key versions", fmt.Sprintf("%s, %s", algorithm, level), price, 1)
		return
	}
	l.refuse("cryptoKey", r.Get("cryptoKey"), "a key of the stack")
}

// alert prices a policy by its conditions.
// https://cloud.google.com/monitoring/alerts/cost-control
func (l *ledger) alert(r declared.Resource) {
	conditions, given := r.Get("conditions").([]any)
	if !given {
		l.refuse("conditions", r.Get("conditions"), "a list")
		return
	}
	l.add("Monitoring", "alert conditions", "", "monitoring.condition", float64(len(conditions)))
}

// loadBalancer prices the forwarding rules that an Ingress has of its own.
func (l *ledger) loadBalancer(declared.Resource) {
	l.add("Load balancer", "forwarding rules", "", "loadbalancer.rules", l.hourly(1))
}

// shared lists what the stack uses and the IDE pays for.
func (l *ledger) shared() {
	if len(l.plan.Of(gcp.TypeCluster)) == 0 {
		l.out.Shared = append(l.out.Shared, "GKE cluster: the pods run on nodes that exist")
	}
	if len(l.plan.Of(kubernetes.TypeIngressPatch)) > 0 {
		l.out.Shared = append(l.out.Shared, "Load balancer: the forwarding rule and the address exist")
	}
}
