package cloudarmor

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	coreruleset "github.com/corazawaf/coraza-coreruleset/v4"
	"github.com/corazawaf/coraza/v3"
	"github.com/corazawaf/coraza/v3/types"
	"github.com/corazawaf/coraza/v3/types/variables"
)

// WAF holds OWASP CRS 4.22 compiled for the sensitivities that were asked for.
// Building takes seconds; it happens once per sensitivity, when it is first
// needed. It is safe for concurrent use and meant to be shared.
type WAF struct {
	mu      sync.Mutex
	engines map[int]*engine
}

type engine struct {
	once sync.Once
	waf  coraza.WAF
	err  error
}

// hit is one signature that fired.
type hit struct {
	// number is the CRS rule, for example 942100.
	number int
	// level is its paranoia level, which is Cloud Armor's sensitivity.
	level int
	// body says that the signature fired on the body as a whole.
	body bool
}

// NewWAF makes an empty WAF; nothing is built yet.
func NewWAF() *WAF { return &WAF{engines: map[int]*engine{}} }

// engine returns the rule sets up to a paranoia level.
func (w *WAF) engine(level int) (coraza.WAF, error) {
	w.mu.Lock()
	found, known := w.engines[level]
	if !known {
		found = &engine{}
		w.engines[level] = found
	}
	w.mu.Unlock()
	found.once.Do(func() { found.waf, found.err = build(level) })
	return found.waf, found.err
}

// build compiles the sets that Cloud Armor offers and no others: CRS's protocol
// enforcement (920) and its scoring and blocking have no counterpart there.
func build(level int) (coraza.WAF, error) {
	directives := []string{
		"SecRuleEngine DetectionOnly",
		"SecRequestBodyAccess On",
		// Bodies are cut before they come here.
		"SecRequestBodyLimit 134217728",
		"SecRequestBodyInMemoryLimit 134217728",
		"SecResponseBodyAccess Off",
		"SecAuditEngine Off",
		fmt.Sprintf("SecAction \"id:900000,phase:1,pass,nolog,t:none,setvar:tx.crs_setup_version=4220,"+
			"setvar:tx.blocking_paranoia_level=%[1]d,setvar:tx.detection_paranoia_level=%[1]d\"", level),
		"Include @owasp_crs/REQUEST-901-INITIALIZATION.conf",
		// What newMessage leaves as a body is a list of URL-encoded parameters.
		`SecAction "id:900001,phase:1,pass,nolog,t:none,ctl:requestBodyProcessor=URLENCODED"`,
	}
	for _, file := range ruleFiles() {
		directives = append(directives, "Include "+file.path())
	}
	waf, err := coraza.NewWAF(coraza.NewWAFConfig().
		WithRootFS(coreruleset.FS).
		WithDirectives(strings.Join(directives, "\n")))
	if err != nil {
		return nil, fmt.Errorf("build OWASP CRS 4.22 at sensitivity %d: %w", level, err)
	}
	return waf, nil
}

// scan runs a message past the signatures and returns those that fired.
func (w *WAF) scan(level int, text message) ([]hit, error) {
	waf, err := w.engine(level)
	if err != nil {
		return nil, err
	}
	tx := waf.NewTransaction()
	defer func() { _ = tx.Close() }() // frees buffers; nothing can be done about an error
	if err := text.feed(tx); err != nil {
		return nil, err
	}
	var hits []hit
	for _, matched := range tx.MatchedRules() {
		if level := paranoiaLevel(matched.Rule().Tags()); level > 0 {
			hits = append(hits, hit{number: matched.Rule().ID(), level: level, body: onBody(matched)})
		}
	}
	return hits, nil
}

// paranoiaLevel reads CRS's tag "paranoia-level/2"; 0 when there is none, as on
// the rules that only steer.
func paranoiaLevel(tags []string) int {
	for _, tag := range tags {
		if text, found := strings.CutPrefix(tag, "paranoia-level/"); found {
			level, err := strconv.Atoi(text)
			if err != nil {
				return 0
			}
			return level
		}
	}
	return 0
}

func onBody(matched types.MatchedRule) bool {
	for _, data := range matched.MatchedDatas() {
		if data.Variable() == variables.RequestBody {
			return true
		}
	}
	return false
}
