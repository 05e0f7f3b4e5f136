package requestlog

import (
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/coditect-ai/license-platform/emulator/watch"
)

// Bounds of what a Book keeps of one request, in bytes: clients choose these texts.
const (
	maxPath   = 1024
	maxName   = 255
	maxMethod = 32
	maxWhy    = 512
)

// Kept is a request in a Book.
type Kept struct {
	Passage
	// Seq grows by one with each request of the Book.
	Seq uint64 `json:"seq"`
	// Took is how long the client waited; 0 when that is not known.
	Took time.Duration `json:"-"`

	words string // what a search looks at, in lower case
}

// Book keeps the latest requests, and counts all of them. What it takes of memory
// is bounded. It is safe for concurrent use.
type Book struct {
	now func() time.Time

	mu       sync.Mutex
	kept     []Kept // a ring, once full
	oldest   int
	capacity int
	seq      uint64
	counts   counts
	watchers watch.List[Kept]
}

// NewBook returns a Book for so many of the latest requests; now is the time.
func NewBook(capacity int, now func() time.Time) *Book {
	return &Book{now: now, capacity: max(1, capacity), counts: newCounts(now())}
}

// Add keeps a request that is over, without what could be a secret in its address,
// and tells the watchers.
func (b *Book) Add(p Passage) {
	p.Path = clip(Redact(p.Path), maxPath)
	p.Host, p.Method, p.Rule = clip(p.Host, maxName), clip(p.Method, maxMethod), clip(p.Rule, maxName)
	steps := make([]Step, len(p.Steps))
	for i, step := range p.Steps {
		step.Why = clip(step.Why, maxWhy)
		steps[i] = step
	}
	p.Steps = steps
	k := Kept{Passage: p}
	k.Took, _ = time.ParseDuration(p.Latency) // what cannot be read is not known
	k.words = words(p)

	b.mu.Lock()
	b.seq++
	k.Seq = b.seq
	if len(b.kept) < b.capacity {
		b.kept = append(b.kept, k)
	} else {
		b.kept[b.oldest] = k
		b.oldest = (b.oldest + 1) % b.capacity
	}
	b.counts.add(b.now(), k)
	b.mu.Unlock()
	b.watchers.Tell(k)
}

// Watch calls tell with every request, until the returned function is called. tell
// must not block.
func (b *Book) Watch(tell func(Kept)) (unwatch func()) { return b.watchers.Add(tell) }

// Found is the answer to a search.
type Found struct {
	// Requests are the newest first.
	Requests []Kept
	// Matched is how many of those that are kept fit, Stored how many are kept.
	Matched, Stored int
	// Newest is the Seq of the newest that is kept; 0 when none is.
	Newest uint64
}

// Search lists the requests that fit, of those older than before (0: all), at most
// limit.
func (b *Book) Search(f Filter, before uint64, limit int) Found {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := Found{Requests: []Kept{}, Stored: len(b.kept), Newest: b.seq}
	for i := range b.kept {
		k := &b.kept[(b.oldest+len(b.kept)-1-i)%len(b.kept)]
		if !f.Match(k) {
			continue
		}
		found.Matched++
		if (before == 0 || k.Seq < before) && len(found.Requests) < limit {
			found.Requests = append(found.Requests, *k)
		}
	}
	return found
}

// Find returns the request with this id, false when it is not kept (any more).
func (b *Book) Find(id string) (Kept, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.kept {
		if b.kept[i].ID == id {
			return b.kept[i], true
		}
	}
	return Kept{}, false
}

// Figures are the totals and the latest minutes.
func (b *Book) Figures() Figures {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.counts.figures(b.now())
}

// clip cuts a text between two characters.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// words are what a search for text looks at.
func words(p Passage) string {
	all := []string{p.ID, p.Method, p.Host + p.Path, p.Client, p.Region, p.Rule, p.Trace, p.Backend}
	all = append(all, p.Signatures...)
	for _, step := range p.Steps {
		all = append(all, step.Why)
	}
	return strings.ToLower(strings.Join(all, "\n"))
}
