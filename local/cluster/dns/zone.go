// Package dns resolves names as a pod's resolver on GKE does: the cluster's
// Services (cluster.local) and the private zones of Cloud DNS that the network
// sees. There is no internet behind it, so every other name does not exist
// (https://cloud.google.com/kubernetes-engine/docs/concepts/service-discovery).
package dns

import (
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// Record is a set of resource records of one name and type.
type Record struct {
	// Name ends with a dot. Its first label may be "*", which matches any names below the
	// rest that do not have their own records (RFC 4592).
	Name string
	// Type is "A" or "CNAME"; sets of other types exist and have no data here.
	Type string
	// TTL is how long an answer may be kept, in seconds.
	TTL uint32
	// Data are IPv4 addresses, or the one name that a CNAME points to.
	Data []string
}

// Zone is a domain and everything below it.
type Zone struct {
	// Domain ends with a dot, for example "googleapis.com.".
	Domain  string
	Records []Record
}

// Service is one of the cluster's Services.
type Service struct {
	Namespace, Name string
	// Addresses are its cluster address, or its pods' when it is headless.
	Addresses []netip.Addr
}

// clusterDomain is GKE's default, and clusterTTL is the TTL of kube-dns, in seconds.
const (
	clusterDomain = "cluster.local."
	clusterTTL    = 30
)

// Cluster is the zone of the cluster's Services
// (https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/).
func Cluster(services []Service) Zone {
	zone := Zone{Domain: clusterDomain}
	for _, service := range services {
		record := Record{Name: service.Name + "." + service.Namespace + ".svc." + clusterDomain, Type: "A", TTL: clusterTTL}
		for _, address := range service.Addresses {
			record.Data = append(record.Data, address.String())
		}
		zone.Records = append(zone.Records, record)
	}
	return zone
}

// holds tells whether the name lies in the zone.
func (z Zone) holds(name string) bool {
	domain := strings.ToLower(z.Domain)
	return name == domain || strings.HasSuffix(name, "."+domain)
}

// own are the records of exactly that name. It exists also when it has none but
// others lie below it.
func (z Zone) own(name string) (records []Record, exists bool) {
	exists = name == strings.ToLower(z.Domain)
	for _, record := range z.Records {
		has := strings.ToLower(record.Name)
		if has == name {
			records = append(records, record)
		}
		exists = exists || has == name || strings.HasSuffix(has, "."+name)
	}
	return records, exists
}

// at are the records of a name, its own or the records of a wildcard.
func (z Zone) at(name string) (records []Record, exists bool) {
	if records, exists = z.own(name); exists {
		return records, true
	}
	for above := parent(name); z.holds(above); above = parent(above) {
		if records, exists = z.own("*." + above); exists {
			return records, true
		}
		if _, exists = z.own(above); exists {
			break // the closest name that exists has no wildcard
		}
	}
	return nil, false
}

func parent(name string) string {
	_, above, _ := strings.Cut(name, ".")
	return above
}

// zoneOf is the most exact of the zones that hold the name.
func zoneOf(zones []Zone, name string) (Zone, bool) {
	var best Zone
	found := false
	for _, zone := range zones {
		if zone.holds(name) && (!found || len(zone.Domain) > len(best.Domain)) {
			best, found = zone, true
		}
	}
	return best, found
}

// longestChain bounds how many names may point to one another.
const longestChain = 8

// resolve looks the name up, and the names it points to.
func resolve(zones []Zone, name string, typ dnsmessage.Type) (answers []dnsmessage.Resource, code dnsmessage.RCode) {
	for range longestChain {
		zone, found := zoneOf(zones, name)
		if !found {
			return answers, dnsmessage.RCodeNameError
		}
		records, exists := zone.at(name)
		if !exists {
			return answers, dnsmessage.RCodeNameError
		}
		alias := slices.IndexFunc(records, func(r Record) bool { return r.Type == "CNAME" && len(r.Data) == 1 })
		if alias < 0 || typ == dnsmessage.TypeCNAME {
			for _, record := range records {
				answers = append(answers, record.resources(name, typ)...)
			}
			return answers, dnsmessage.RCodeSuccess
		}
		answers = append(answers, records[alias].resources(name, dnsmessage.TypeCNAME)...)
		name = strings.ToLower(records[alias].Data[0])
	}
	return nil, dnsmessage.RCodeServerFailure
}

// resources are the record's data of that type, under the name that was asked for.
func (r Record) resources(name string, typ dnsmessage.Type) (all []dnsmessage.Resource) {
	owner, err := dnsmessage.NewName(name)
	if err != nil {
		return nil
	}
	header := dnsmessage.ResourceHeader{Name: owner, Class: dnsmessage.ClassINET, TTL: r.TTL}
	for _, data := range r.Data {
		switch {
		case r.Type == "A" && typ == dnsmessage.TypeA:
			if address, err := netip.ParseAddr(data); err == nil && address.Is4() {
				all = append(all, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: address.As4()}})
			}
		case r.Type == "CNAME" && typ == dnsmessage.TypeCNAME:
			if target, err := dnsmessage.NewName(data); err == nil {
				all = append(all, dnsmessage.Resource{Header: header, Body: &dnsmessage.CNAMEResource{CNAME: target}})
			}
		}
	}
	return all
}
