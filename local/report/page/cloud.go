package page

import (
	"context"
	"time"

	"github.com/coditect-ai/license-platform/local/report/requestlog"
)

// Cloud is what the page shows.
type Cloud interface {
	// State is how the cloud is now.
	State() State
	// Book holds the requests.
	Book() *requestlog.Book
	// Marks are what people did and what happened, the newest first.
	Marks() []Mark
	// Topology is who may talk to whom now.
	Topology() Topology
	// Seats reads the licences' seats; it answers before ctx ends.
	Seats(ctx context.Context) Seats
	// Audit is the audit trail; it answers before ctx ends.
	Audit(ctx context.Context) Audit
	// Log are the lines that were written about a request; it answers before ctx ends.
	Log(ctx context.Context, p requestlog.Passage) []Line
	// Playbook is the text of a playbook by its file's name, for example
	// "waf-denial-surge.md"; false when there is none.
	Playbook(name string) (text string, known bool)
	// Changes calls notify whenever the state may have changed, until unsubscribe
	// is called; notify must not block.
	Changes(notify func()) (unsubscribe func())
}

// State is how the cloud is.
type State struct {
	// Edge is where the load balancer is, for example https://127.0.0.1:8443.
	Edge string `json:"edge"`
	// Conditions are how the cloud differs from what is declared and well.
	Conditions []Condition `json:"conditions"`
	Layers     []Layer     `json:"layers"`
	Alerts     []Alert     `json:"alerts"`
	// Monitoring is the address of Prometheus' own page, empty while it does not run.
	Monitoring string `json:"monitoring,omitempty"`
	// Pace is how many times faster than on Google Cloud the time of alerts runs.
	Pace int `json:"pace"`
}

// Kind is what sort of condition one is.
type Kind string

// The kinds, the most urgent first.
const (
	// Problem keeps the cloud from being what is declared.
	Problem Kind = "problem"
	// Fault is a part that was made to fail.
	Fault Kind = "fault"
	// Firing is an alert that fires.
	Firing Kind = "alert"
	// Drift was changed behind Pulumi's back.
	Drift Kind = "drift"
	// Lockdown refuses every request to the license host on purpose.
	Lockdown Kind = "lockdown"
	// Suspended is what the settings take away on purpose.
	Suspended Kind = "suspended"
	// Change is a command that changes the cloud now.
	Change Kind = "change"
	// Limit is what this machine cannot act out.
	Limit Kind = "limit"
)

// Condition is one thing that is unusual about the cloud now.
type Condition struct {
	Kind Kind   `json:"kind"`
	Text string `json:"text"`
	// Next is the command that ends it, if one does.
	Next string `json:"next,omitempty"`
	// Playbook says what to do: the name of a file, for example "redis-memory-high.md".
	Playbook string `json:"playbook,omitempty"`
}

// Alert is one that fires, or is about to.
type Alert struct {
	Name     string    `json:"name"`
	Severity string    `json:"severity"`
	Summary  string    `json:"summary"`
	Firing   bool      `json:"firing"`
	Since    time.Time `json:"since"`
	Playbook string    `json:"playbook,omitempty"`
	// About tells one incident of an alert from another.
	About string `json:"about,omitempty"`
}

// Layer is one of the seven.
type Layer struct {
	Number  int    `json:"number"`
	Name    string `json:"name"`
	Here    string `json:"here"`
	Address string `json:"address"`
	// Declared is how many of the resources the program declares.
	Declared  int        `json:"declared"`
	Resources []Resource `json:"resources"`
}

// Resource is a thing of a layer. It has no properties of the resource, and so no
// secrets.
type Resource struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Note is what else there is to say, for example "ready".
	Note string `json:"note,omitempty"`
	// Warning says that the note is bad news.
	Warning bool `json:"warning,omitempty"`
	// Existing was there before the stack.
	Existing bool `json:"existing,omitempty"`
}

// Mark is a moment on the timeline.
type Mark struct {
	At time.Time `json:"at"`
	// Kind is fault, healed, alert, resolved or command.
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// Topology is who may talk to whom.
type Topology struct {
	// Warning says why policies do not hold everywhere, empty when they do.
	Warning string `json:"warning,omitempty"`
	Nodes   []Node `json:"nodes"`
	Edges   []Edge `json:"edges"`
	// Denied are the latest connections that were dropped, the newest first.
	Denied []Denied `json:"denied"`
}

// Node is a source or a destination of connections.
type Node struct {
	ID string `json:"id"`
	// Kind is source (talks only), pods, or service.
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Where is the namespace or the address.
	Where string `json:"where"`
	// Ready of Total pods are ready; both are 0 for other parts.
	Ready int `json:"ready"`
	Total int `json:"total"`
	// Down says that it was made to fail.
	Down bool `json:"down,omitempty"`
	// Foreign is the Cloud IDE's.
	Foreign bool `json:"foreign,omitempty"`
}

// Edge is a connection that the policies allow, or that was dropped.
type Edge struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Ports are those that are allowed, for example "8080".
	Ports []string `json:"ports"`
	// Dropped is how often it was lately, Trial that an attack of the embedded cloud's
	// own tried it.
	Dropped int  `json:"dropped,omitempty"`
	Trial   bool `json:"trial,omitempty"`
}

// Denied is a connection that was dropped.
type Denied struct {
	At    time.Time `json:"at"`
	From  string    `json:"from"`
	To    string    `json:"to"`
	Text  string    `json:"text"`
	Count int       `json:"count"`
	Trial bool      `json:"trial,omitempty"`
}

// Seats are the seats of every licence.
type Seats struct {
	// Why says why the licences cannot be read; empty when they can.
	Why      string    `json:"why,omitempty"`
	Licenses []License `json:"licenses"`
	// More is how many licences were left out.
	More int `json:"more,omitempty"`
}

// License is a licence with its seats.
type License struct {
	Tenant  string `json:"tenant"`
	ID      string `json:"id"`
	Product string `json:"product"`
	Status  string `json:"status"`
	Seats   int    `json:"seats"`
	// Limit is Seats with the allowed overage.
	Limit int `json:"limit"`
	// InUse is nil when it is not known; Why then says why.
	InUse *int   `json:"inUse"`
	Why   string `json:"why,omitempty"`
}

// Audit is the audit trail.
type Audit struct {
	// Entries are the newest first.
	Entries []Entry `json:"entries"`
	// Why says why the API's ledger cannot be read; empty when it can.
	Why string `json:"why,omitempty"`
}

// Entry is one line of the audit trail.
type Entry struct {
	At time.Time `json:"at"`
	// Source is cloud (Cloud Audit Logs), ledger (the API's own) or operation (what the
	// Pulumi engine did).
	Source  string `json:"source"`
	Who     string `json:"who"`
	Action  string `json:"action"`
	On      string `json:"on"`
	Outcome string `json:"outcome"`
	// Bad says that it was refused or failed.
	Bad bool `json:"bad,omitempty"`
}

// Line is a line that was written about a request.
type Line struct {
	At time.Time `json:"at"`
	// Source is who wrote it, for example "load balancer".
	Source   string `json:"source"`
	Severity string `json:"severity"`
	Text     string `json:"text"`
	// Fields are what else the line says, in its order.
	Fields []Field `json:"fields"`
}

// Field is one part of a line.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}
