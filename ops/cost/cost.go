// Package cost estimates what a stack costs a month, from its plan and Google's list
// prices. It is an estimate: discounts, free allowances and prices by use are not in the
// total; prices by use are listed separately.
package cost

import (
	"fmt"
	"slices"
	"strings"

	"github.com/coditect-ai/license-platform/declared"
	"github.com/coditect-ai/license-platform/emulator/memory"
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
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
	// ByUse are the prices that depend on use and are not in the total.
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
		gcp.TypeDatabaseInstance:   l.database,
		gcp.TypeRedisInstance:      l.cache,
		gcp.TypeCluster:            l.cluster,
		gcp.TypeNodePool:           l.nodes,
		gcp.TypeSecurityPolicy:     l.armorPolicy,
		gcp.TypeSecurityPolicyRule: l.counted("Cloud Armor", "rules", "armor.rule"),
		gcp.TypeRouterNAT:          l.nat,
		gcp.TypeCryptoKey:          l.key,
		gcp.TypeCryptoKeyVersion:   l.keyVersion,
		gcp.TypeSecretVersion:      l.counted("Secret Manager", "active versions", "secret.version"),
		gcp.TypeManagedZone:        l.counted("Network", "DNS zones", "dns.zone"),
		gcp.TypeAlertPolicy:        l.alert,
		kubernetes.TypeIngress:     l.loadBalancer,
	}
	kinds := memory.Kinds()
	for _, r := range p.InCloud() {
		price, priced := known[r.Type]
		if !priced && !prices.byUse(r.Type) && kinds[r.Type].Free == "" {
			return Estimate{}, fmt.Errorf("%s %s has no price: name its price in ops/cost/prices.json, or in emulator/provider why it is Free", r.Type, r.Name)
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

// refuse ends the estimate with the unknown value.
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
