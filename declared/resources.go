package declared

import "slices"

// Resources are what a program declared, in order.
type Resources []Resource

// Fataler is a test that fails when a resource that it needs is not declared. It is the part
// of testing.TB that is needed here, so that the commands that plan stacks do not link
// testing.
type Fataler interface {
	Helper()
	Fatalf(format string, values ...any)
}

// Find returns the resource of a type with a name.
func (l Resources) Find(typ, name string) (Resource, bool) {
	i := slices.IndexFunc(l, func(r Resource) bool { return r.Type == typ && r.Name == name })
	if i < 0 {
		return Resource{}, false
	}
	return l[i], true
}

// One is Find for what has to be there.
func (l Resources) One(t Fataler, typ, name string) Resource {
	t.Helper()
	found, ok := l.Find(typ, name)
	if !ok {
		t.Fatalf("no %s %q is declared", typ, name)
	}
	return found
}

// Of returns all resources of a type.
func (l Resources) Of(typ string) (found []Resource) {
	for _, r := range l {
		if r.Type == typ {
			found = append(found, r)
		}
	}
	return found
}

// Every is Of, for a loop that must not pass because there is nothing to check.
func (l Resources) Every(t Fataler, typ string) []Resource {
	t.Helper()
	found := l.Of(typ)
	if len(found) == 0 {
		t.Fatalf("no %s is declared", typ)
	}
	return found
}

// Objects are the Kubernetes objects as they would be applied.
func (l Resources) Objects() (objects []map[string]any) {
	for _, r := range l {
		if r.Kubernetes() {
			objects = append(objects, r.Inputs())
		}
	}
	return objects
}

// ComesAfter tells whether one resource is made only when the other is there:
// because it depends on it, on what depends on it, or because its provider does.
func (l Resources) ComesAfter(later, earlier Resource) bool {
	return l.comesAfter(later, earlier.URN, map[string]bool{})
}

func (l Resources) comesAfter(later Resource, earlier string, seen map[string]bool) bool {
	before := slices.Clone(later.DependsOn)
	if provider, given := later.provider(); given {
		before = append(before, provider)
	}
	for _, urn := range before {
		if urn == earlier {
			return true
		}
		if seen[urn] {
			continue
		}
		seen[urn] = true
		for _, r := range l {
			if r.URN == urn && l.comesAfter(r, earlier, seen) {
				return true
			}
		}
	}
	return false
}
