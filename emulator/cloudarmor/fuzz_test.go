package cloudarmor_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/emulator/cloudarmor"
)

// FuzzEvaluate wants a decision about every request, and none without a rule.
func FuzzEvaluate(f *testing.F) {
	f.Add("GET", "/health", "q=1", "application/json", []byte(`{"a":[1,{"b":null}]}`), "DE")
	f.Add("POST", "/%2e%2e", "a&=b&&c==", "application/x-www-form-urlencoded", []byte("a=%zz&b"), "")
	f.Add("PÖST", "//", "%00", "multipart/form-data; boundary=x", []byte("--x\r\n\r\n"), "UK")
	f.Add("", "", "", "application/json", []byte(`[[[[{"a":`), "US")
	evaluator := stand(f, policy.Settings{WAF: policy.WAF{Sensitivity: 4}})
	f.Fuzz(func(t *testing.T, method, path, query, kind string, text []byte, region string) {
		request := get(at(path, query), in(region), body(kind, string(text)))
		request.Method = method
		decision := evaluator.Evaluate(context.Background(), request)
		if len(decision.Trace) == 0 || decision.Final.Error != "" || decision.Allowed() != (decision.StatusCode == 0) {
			t.Fatalf("%+v", decision)
		}
	})
}

// FuzzFromResources wants an error or a policy that decides.
func FuzzFromResources(f *testing.F) {
	seed, err := json.Marshal(resource(func(map[string]any) {}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(seed))
	f.Add(`{"priority": 1, "action": "deny(404)", "match": {"expr": {"expression": "request.path == '/'"}}}`)
	f.Add(`{"priority": 1e30, "match": []}`)
	f.Fuzz(func(t *testing.T, text string) {
		var properties map[string]any
		if json.Unmarshal([]byte(text), &properties) != nil {
			return
		}
		policy, err := cloudarmor.FromResources(inlineDefault(), []map[string]any{properties})
		if err != nil {
			return
		}
		if decision := cloudarmor.New(policy, cloudarmor.Options{WAF: sharedWAF()}).Evaluate(context.Background(), get()); len(decision.Trace) == 0 {
			t.Fatalf("%s: no decision", text)
		}
	})
}
