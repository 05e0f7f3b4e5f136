package logfilter_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/observe/logfilter"
)

// entry is what the filters below are asked about.
const entry = `{
	"logName": "projects/acme/logs/cloudaudit.googleapis.com%2Factivity",
	"severity": "NOTICE",
	"timestamp": "2026-11-23T18:00:00Z",
	"resource": {"type": "k8s_container", "labels": {"namespace_name": "coditect-app"}},
	"labels": {"k8s-pod/app": "license-api"},
	"httpRequest": {"status": 403, "requestUrl": "https://licenses.coditect.ai/v1"},
	"protoPayload": {
		"methodName": "v1.compute.securityPolicies.patchRule",
		"authenticationInfo": {"principalEmail": "Ann@coditect.ai", "chain": [{"who": "a@x.y"}, {"who": "b@x.y"}]},
		"status": {"code": 7}, "done": true
	}
}`

func matches(t *testing.T, filter string) bool {
	t.Helper()
	var e map[string]any
	require.NoError(t, json.Unmarshal([]byte(entry), &e))
	f, err := logfilter.Parse(filter)
	require.NoError(t, err, filter)
	return f.Matches(e)
}

func TestAFilterSelectsByItsMeaning(t *testing.T) {
	t.Parallel()
	for filter, selected := range map[string]bool{
		``:                              true,
		`resource.type="k8s_container"`: true,
		`resource.type = K8S_CONTAINER`: true, // text is compared without regard to case
		`resource.type="k8s"`:           false,
		`resource.type:"k8s"`:           true,
		`labels."k8s-pod/app"=("license-api" OR "license-migrate")`:    true,
		`labels."k8s-pod/app"=("other" OR "license-migrate")`:          false,
		`protoPayload.methodName:("securityPolicies" AND NOT "add")`:   true,
		`httpRequest.status=403`:                                       true,
		`httpRequest.status>=400 httpRequest.status<500`:               true, // nothing between two terms is AND
		`httpRequest.status>403`:                                       false,
		`protoPayload.status.code>-1`:                                  true,
		`protoPayload.done=true`:                                       true,
		`severity>=WARNING`:                                            false,
		`severity<ERROR`:                                               true,
		`timestamp>="2026-11-23T00:00:00Z"`:                            true,
		`log_id("cloudaudit.googleapis.com/activity")`:                 true,
		`log_id("cloudaudit.googleapis.com/data_access")`:              false,
		`protoPayload.methodName=~"securityPolicies[.](add|patch)"`:    true,
		`protoPayload.methodName=~"SECURITYPOLICIES"`:                  false, // but patterns are not
		`protoPayload.methodName=~"(?i)SECURITYPOLICIES"`:              true,
		`protoPayload.methodName!~"^v1[.]"`:                            false,
		`protoPayload.authenticationInfo.principalEmail!="b@x.y"`:      true,
		`protoPayload.authenticationInfo.chain.who="b@x.y"`:            true, // one element of a list is enough
		`NOT protoPayload.authenticationInfo.chain.who="c@x.y"`:        true,
		`protoPayload.authenticationInfo.chain.who!="b@x.y"`:           true, // also of those that are unequal
		`NOT protoPayload.authenticationInfo.chain.who="b@x.y"`:        false,
		`jsonPayload.nothing="x"`:                                      false,
		`jsonPayload.nothing!="x"`:                                     false, // no operator selects what lacks the field
		`NOT jsonPayload.nothing="x"`:                                  true,  // only NOT does
		`protoPayload.status:*`:                                        true,
		`protoPayload.request:*`:                                       false,
		`trace=""`:                                                     true, // every entry has one, be it empty
		`trace!="t"`:                                                   true,
		`trace:*`:                                                      false,
		`httpRequest.requestSize<1`:                                    true,
		`operation.first=false`:                                        true,
		`operation.first=true`:                                         false,
		`labels.owner!="me"`:                                           false,
		`httpRequest.status<=403`:                                      true,
		`httpRequest.status<=402`:                                      false,
		`httpRequest.status>=403`:                                      true,
		`httpRequest.status=4.03e2`:                                    true,  // two numbers are compared as numbers
		`labels."k8s-pod/app">5`:                                       true,  // and a text with a number as text
		`resource.type:"*"`:                                            false, // only a bare star is a wildcard
		`resource.type:other`:                                          false,
		`trace!=*`:                                                     true,
		`trace!="*"`:                                                   true,
		`httpRequest.requestSize=0`:                                    true, // what is absent is empty, zero or false
		`sourceLocation.line=0`:                                        true,
		`httpRequest.cacheHit=false`:                                   true,
		`traceSampled=false`:                                           true,
		`httpRequest.userAgent=""`:                                     true,
		`metadata.systemLabels!="x"`:                                   false, // but a label that is absent is missing
		`metadata.userLabels!="x"`:                                     false,
		`metadata.userLabels.owner!="x"`:                               false,
		`resource.labels.zone!="x"`:                                    false,
		`"-"`:                                                          true,
		`"LICENSES.coditect"`:                                          true,
		`-ann@coditect.ai`:                                             false,
		`severity=ERROR OR severity=NOTICE AND httpRequest.status=1`:   false, // (ERROR or NOTICE) and 1: OR binds closer
		`httpRequest.status=1 AND severity=ERROR OR severity=NOTICE`:   false,
		`(httpRequest.status=1 AND severity=ERROR) OR severity=NOTICE`: true,
		"severity=NOTICE -- and not =ERROR\nhttpRequest.status=403":    true,
	} {
		t.Run(filter, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, selected, matches(t, filter))
			if filter != "" {
				assert.NotEqual(t, selected, matches(t, "NOT ("+filter+"\n)"))
			}
		})
	}
}

func TestAnEntryWithoutASeverityHasTheLowest(t *testing.T) {
	t.Parallel()
	f, err := logfilter.Parse("severity<DEBUG")
	require.NoError(t, err)
	assert.True(t, f.Matches(map[string]any{}))
}

func TestLabelsThatAnEntryLacksAreNotCompared(t *testing.T) {
	t.Parallel()
	for filter, selected := range map[string]bool{`resource.labels!="x"`: false, `resource.type!="x"`: true, `labels!="x"`: false} {
		f, err := logfilter.Parse(filter)
		require.NoError(t, err)
		assert.Equal(t, selected, f.Matches(map[string]any{}), filter)
	}
}

func TestTheLongestFilterIsTaken(t *testing.T) {
	t.Parallel()
	_, err := logfilter.Parse(strings.Repeat("ö", 20_000))
	require.NoError(t, err)
}

func TestAWrongFilterIsRefusedWithItsPlace(t *testing.T) {
	t.Parallel()
	for filter, reason := range map[string]string{
		`resource.type="a`:                   "at character 15: a quotation is not closed",
		`(resource.type="a"`:                 "a bracket is not closed",
		`resource.type="a")`:                 `at character 18: ")" cannot stand here`,
		`resource.type=`:                     "at character 15: the filter ends where something must follow",
		`AND resource.type="a"`:              `at character 1: "AND" cannot stand here`,
		`resource.type="a" OR`:               "the filter ends where something must follow",
		`protPayload.methodName="a"`:         `a log entry has no field "protPayload"`,
		`protoPayload..methodName="a"`:       "has an empty part",
		`resource.label.zone="a"`:            `resource has no field "label"`,
		`textPayload.code="a"`:               "textPayload has nothing below it",
		`protoPayload.methodName=~"(["`:      "missing closing",
		`severity>=BAD`:                      `severity has no value "BAD"`,
		`sample(insertId, 0.1)`:              "the function sample is not known",
		`log_id(syslog)`:                     "log_id takes one quoted name",
		`severity=INFO protPayload.x="a"`:    `at character 15: a log entry has no field "protPayload"`,
		`severity=INFO sample(insertId)`:     "at character 15: the function sample",
		`severity=INFO log_id(syslog)`:       "at character 15: log_id takes one quoted name",
		`severity=INFO (trace="a" "b" =`:     `at character 30: "=" cannot stand here`,
		`(severity=INFO`:                     "at character 15: a bracket is not closed",
		`httpRequest.status= =403`:           `"=" cannot stand here`,
		`resource.type;"a"`:                  `";" cannot stand here`,
		strings.Repeat("x", 20_001):          "at most 20000 are allowed",
		`protoPayload.methodName="a" AND ()`: `")" cannot stand here`,
	} {
		_, err := logfilter.Parse(filter)
		assert.ErrorContains(t, err, reason, "%.60s", filter)
	}
}

func FuzzAFilterAndItsOppositeNeverAgree(f *testing.F) {
	for _, seed := range []string{`a`, `severity>=ERROR`, `labels."x"=("a" OR NOT b)`, `log_id("x")`, `-x:*`, `timestamp<"2026"`} {
		f.Add(seed)
	}
	var e map[string]any
	require.NoError(f, json.Unmarshal([]byte(entry), &e))
	f.Fuzz(func(t *testing.T, filter string) {
		straight, err := logfilter.Parse(filter)
		if err != nil {
			return
		}
		opposite, err := logfilter.Parse("NOT (" + filter + "\n)")
		if err != nil {
			return // empty, or too long with the brackets
		}
		assert.NotEqual(t, straight.Matches(e), opposite.Matches(e))
	})
}
