package app

import (
	"context"
	"fmt"
	"time"
)

// kept are the stores as the housekeeping sees them, all tenants at once.
type kept struct {
	*stores
	// changed, open and aged are the pages that the ledger answers, one for each call.
	changed [][]LicenseRef
	open    [][]OpenLease
	aged    [][]string
	all     [][]License
	mark    int64
	// looked is what each licence's next visits find; nothing after that.
	looked map[string][]Looked
	looks  [][]Look
	work   Work
	// settled are the licences that each call of the ledger was for.
	settled [][]string
	// done is what was told of jobs; lost are those that another instance has.
	done chan string
	lost bool
	// forgotten is how many rows of each tenant are.
	forgotten map[string]int
}

func newKept() *kept {
	k := &kept{stores: newStores(), looked: map[string][]Looked{}, done: make(chan string, 100), forgotten: map[string]int{}}
	k.service.ledger, k.service.seats = k, k
	return k
}

func (k *kept) Mark(context.Context) (int64, error) { return k.mark, k.did("Mark") }

func (k *kept) Changed(_ context.Context, since int64, after LicenseRef, _ int) ([]LicenseRef, error) {
	return takePage(&k.changed), k.did("Changed", since, after.License)
}

func (k *kept) Standing(_ context.Context, refs []LicenseRef) (found []License, err error) {
	for _, ref := range refs {
		found = append(found, License{Tenant: ref.Tenant, ID: ref.License, Revision: 7})
	}
	return found, k.did("Standing", len(refs))
}

func (k *kept) All(_ context.Context, tenant, after string, _ int) ([]License, error) {
	return takePage(&k.all), k.did("All", tenant, after)
}

func (k *kept) OpenLeases(_ context.Context, after OpenLease, _ int) (found []OpenLease, next *OpenLease, err error) {
	found = takePage(&k.open)
	if len(k.open) > 0 {
		next = &found[len(found)-1]
	}
	return found, next, k.did("OpenLeases", after.Tenant, after.License, after.ID)
}

func (k *kept) Aged(_ context.Context, _ time.Time, after string) (tenants []string, next string, err error) {
	tenants = takePage(&k.aged)
	if len(k.aged) > 0 {
		next = tenants[len(tenants)-1]
	}
	return tenants, next, k.did("Aged", after)
}

// Pseudonymise finds a row for each letter of a tenant's name but four, one a step.
func (k *kept) Pseudonymise(_ context.Context, tenant string, before time.Time) (int64, error) {
	if k.forgotten[tenant]++; k.forgotten[tenant] > len(tenant)-4 {
		delete(k.forgotten, tenant)
		return 0, k.did("Pseudonymise", tenant, before.Format(time.DateOnly))
	}
	return 1, k.did("Pseudonymise", tenant, before.Format(time.DateOnly))
}

func (k *kept) EndAll(_ context.Context, all []Settlement) error {
	var names []string
	endings := 0
	for _, one := range all {
		names = append(names, one.Ref.License)
		endings += len(one.Endings)
	}
	k.settled = append(k.settled, names)
	return k.did("EndAll", len(all), endings)
}

func (k *kept) SettledAll(_ context.Context, all []Settlement) error {
	return k.did("SettledAll", len(all))
}

func (k *kept) Look(_ context.Context, looks []Look, _ time.Duration) (found []Looked, err error) {
	k.looks = append(k.looks, looks)
	for _, look := range looks {
		next := Looked{Revision: 7}
		if prepared := k.looked[look.Ref.License]; len(prepared) > 0 {
			next, k.looked[look.Ref.License] = prepared[0], prepared[1:]
		}
		found = append(found, next)
	}
	return found, k.did("Look", len(looks))
}

func (k *kept) Drop(context.Context, LicenseRef) error { return k.did("Drop") }

func (k *kept) Fullness(context.Context, int) (Fullness, error) { return Fullness{}, k.did("Fullness") }

func (k *kept) Claim(context.Context, string, int, time.Duration) (Work, error) {
	work := k.work
	k.work = Work{}
	return work, k.did("Claim")
}

func (k *kept) Hold(context.Context, string, Job, time.Duration) (bool, error) {
	return !k.lost, k.did("Hold")
}

func (k *kept) Done(_ context.Context, _ string, job Job, place string, again time.Duration) error {
	k.done <- fmt.Sprint(job, " ", place, " ", again)
	return nil
}

func ref(license string) LicenseRef { return LicenseRef{Tenant: "acme", License: license} }

func expired(lease string) []Ending { return []Ending{{Lease: lease, Reason: ReasonExpired}} }

func alive() error { return nil }
