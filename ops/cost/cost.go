// Package cost estimates what a stack costs a month, from its plan and Google's
// list prices. It is an estimate: discounts, free allowances and what is paid by
// use are left out of the total, and what is paid by use is listed beside it.
package cost

import (
	"fmt"
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/stack/plan"
)

// Line is one thing that runs.
type Line struct {
	// Component is the heading of the design's cost table.
	Component string `json:"component"`
	// What runs, and in which size.
	What string `json:"what"`
	Size string `json:"size"`
	// Units are how many units of the price a month has.
	Units float64 `json:"units"`
	Price Price   `json:"price"`
	// Monthly is the product, in the prices' currency.
	Monthly float64 `json:"monthly"`
}

// Estimate is what a stack costs a month.
type Estimate struct {
	Stack    string  `json:"stack"`
	Currency string  `json:"currency"`
	Region   string  `json:"region"`
	Lines    []Line  `json:"lines"`
	Total    float64 `json:"total"`
	// ByUse are the prices of what is not in the total.
	ByUse []ByUse `json:"byUse"`
	// Shared is what the stack uses and others pay for.
	Shared []string `json:"shared"`
}

// ledger collects lines; the first mistake ends it.
type ledger struct {
	prices Prices
	plan   *plan.Plan
	out    Estimate
	err    error
}

// Of estimates a plan. A resource of an unknown kind, size or region is an
// error: it would be missing from the total.
func Of(p *plan.Plan, prices Prices) (Estimate, error) {
	l := &ledger{prices: prices, plan: p, out: Estimate{Stack: p.Stack, Currency: prices.Currency, Region: prices.Region}}
	known := map[string]func(declared.Resource){
		"gcp:sql/databaseInstance:DatabaseInstance":             l.database,
		"gcp:redis/instance:Instance":                           l.cache,
		"gcp:container/cluster:Cluster":                         l.cluster,
		"gcp:container/nodePool:NodePool":                       l.nodes,
		"gcp:compute/securityPolicy:SecurityPolicy":             l.armorPolicy,
		"gcp:compute/securityPolicyRule:SecurityPolicyRule":     l.counted("Cloud Armor", "rules", "armor.rule"),
		"gcp:compute/routerNat:RouterNat":                       l.nat,
		"gcp:kms/cryptoKey:CryptoKey":                           l.key,
		"gcp:kms/cryptoKeyVersion:CryptoKeyVersion":             l.keyVersion,
		"gcp:secretmanager/secret:Secret":                       l.nothing,
		"gcp:secretmanager/secretVersion:SecretVersion":         l.counted("Secret Manager", "active versions", "secret.version"),
		"gcp:dns/managedZone:ManagedZone":                       l.counted("Network", "DNS zones", "dns.zone"),
		"gcp:monitoring/alertPolicy:AlertPolicy":                l.alert,
		"kubernetes:networking.k8s.io/v1:Ingress":               l.loadBalancer,
		"gcp:logging/projectBucketConfig:ProjectBucketConfig":   l.nothing,
		"gcp:artifactregistry/repository:Repository":            l.nothing,
		"gcp:identityplatform/config:Config":                    l.nothing,
		"gcp:identityplatform/tenant:Tenant":                    l.nothing,
		"kubernetes:monitoring.googleapis.com/v1:PodMonitoring": l.nothing,
	}
	for _, r := range p.Resources {
		if !r.Custom || r.Type == plan.OutputsType {
			continue
		}
		price, priced := known[r.Type]
		if _, free := prices.Free[r.Type]; !priced && !free {
			return Estimate{}, fmt.Errorf("%s %s has no price: name its price, or why it is free, in ops/cost/prices.json", r.Type, r.Name)
		}
		if at := r.Text("region"); at != "" && at != prices.Region {
			return Estimate{}, fmt.Errorf("%s %s runs in %s: the prices in ops/cost/prices.json are those of %s", r.Type, r.Name, at, prices.Region)
		}
		if priced {
			price(r)
		}
		if l.err != nil {
			return Estimate{}, fmt.Errorf("%s %s: %w", r.Type, r.Name, l.err)
		}
	}
	l.byUse()
	l.shared()
	return l.summed(), nil
}

// nothing is for what costs only by use.
func (*ledger) nothing(declared.Resource) {}

// add adds so many units of a price; two lines of the same thing become one.
func (l *ledger) add(component, what, size, key string, units float64) {
	price, listed := l.prices.Prices[key]
	if !listed {
		l.err = fmt.Errorf("ops/cost/prices.json has no price %q", key)
		return
	}
	i := slices.IndexFunc(l.out.Lines, func(line Line) bool {
		return line.Component == component && line.What == what && line.Size == size && line.Price == price
	})
	if i < 0 {
		l.out.Lines = append(l.out.Lines, Line{Component: component, What: what, Size: size, Price: price})
		i = len(l.out.Lines) - 1
	}
	l.out.Lines[i].Units += units
}

// refuse ends the estimate with what is not known.
func (l *ledger) refuse(property string, found any, allowed string) {
	l.err = fmt.Errorf("%s = %v has no price; known: %s", property, found, allowed)
}

// counted prices every resource of a kind alike.
func (l *ledger) counted(component, what, key string) func(declared.Resource) {
	return func(declared.Resource) { l.add(component, what, "", key, 1) }
}

// hourly are the units of something that runs all month.
func (l *ledger) hourly(units float64) float64 { return units * l.prices.HoursPerMonth }

func (l *ledger) byUse() {
	for _, use := range l.prices.ByUse {
		if slices.ContainsFunc(use.Types, func(typ string) bool { return len(l.plan.Of(typ)) > 0 }) {
			l.out.ByUse = append(l.out.ByUse, use)
		}
	}
}

func (l *ledger) summed() Estimate {
	for i := range l.out.Lines {
		line := &l.out.Lines[i]
		line.Monthly = line.Units * line.Price.USD
		l.out.Total += line.Monthly
	}
	slices.SortStableFunc(l.out.Lines, func(a, b Line) int { return strings.Compare(a.Component, b.Component) })
	return l.out
}
