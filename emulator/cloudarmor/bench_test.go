package cloudarmor_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	coreruleset "github.com/corazawaf/coraza-coreruleset/v4"
	"github.com/corazawaf/coraza/v3"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/emulator/cloudarmor"
)

// BenchmarkEvaluate measures a documented call through the whole policy; compare
// it with BenchmarkBareCoraza, the same call through CRS alone.
func BenchmarkEvaluate(b *testing.B) {
	policy := stand(b, policy.Settings{})
	request := documented(b, "7")["acquire"]
	require.NoError(b, policy.Warm())
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		request.ClientIP = netip.AddrFrom4([4]byte{198, byte(i >> 16), byte(i >> 8), byte(i)})
		if decision := policy.Evaluate(context.Background(), request); !decision.Allowed() {
			b.Fatal(decision.Final)
		}
	}
}

func BenchmarkBareCoraza(b *testing.B) {
	directives := []string{
		"SecRuleEngine DetectionOnly", "SecRequestBodyAccess On", `SecAction "id:900000,phase:1,pass,nolog,setvar:tx.crs_setup_version=4220"`,
		"Include @owasp_crs/REQUEST-901-INITIALIZATION.conf",
	}
	for _, file := range []string{
		"911-METHOD-ENFORCEMENT", "913-SCANNER-DETECTION", "921-PROTOCOL-ATTACK", "930-APPLICATION-ATTACK-LFI", "931-APPLICATION-ATTACK-RFI",
		"932-APPLICATION-ATTACK-RCE", "933-APPLICATION-ATTACK-PHP", "934-APPLICATION-ATTACK-GENERIC", "941-APPLICATION-ATTACK-XSS", "942-APPLICATION-ATTACK-SQLI",
		"943-APPLICATION-ATTACK-SESSION-FIXATION", "944-APPLICATION-ATTACK-JAVA",
	} {
		directives = append(directives, fmt.Sprintf("Include @owasp_crs/REQUEST-%s.conf", file))
	}
	waf, err := coraza.NewWAF(coraza.NewWAFConfig().WithRootFS(coreruleset.FS).WithDirectives(strings.Join(directives, "\n")))
	require.NoError(b, err)
	request := documented(b, "7")["acquire"]
	b.ReportAllocs()
	for b.Loop() {
		tx := waf.NewTransaction()
		tx.ProcessConnection("203.0.113.9", 0, "", 0)
		tx.ProcessURI(request.Path, request.Method, "HTTP/1.1")
		tx.AddRequestHeader("Host", request.Host)
		for name, values := range request.Headers {
			tx.AddRequestHeader(name, values[0])
		}
		tx.ProcessRequestHeaders()
		_, _, err := tx.WriteRequestBody(request.Body)
		require.NoError(b, err)
		_, err = tx.ProcessRequestBody()
		require.NoError(b, err)
		require.NoError(b, tx.Close())
	}
}

// BenchmarkBuild measures how long the first request waits for the WAF.
func BenchmarkBuild(b *testing.B) {
	for b.Loop() {
		require.NoError(b, stand(b, policy.Settings{}, func(o *cloudarmor.Options) { o.WAF = nil }).Warm())
	}
}
