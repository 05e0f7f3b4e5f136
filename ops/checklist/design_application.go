package checklist

import (
	"github.com/coditect-ai/license-platform/emulator/provider/gcp"
	"github.com/coditect-ai/license-platform/emulator/provider/kubernetes"
)

func application() []Item {
	const section = "Application Security"
	return []Item{
		{
			ID: "application.tokens", Section: section, Text: "JWT validation on every request (except /health)",
			Tests: []Test{
				inAPI("TestTheEdgeRefusesWhatItShould", "no token for an unknown path"),
				inAPI("TestTheEdgeRefusesWhatItShould", "a changed token"),
				end("a request without a good token is told so, without internals"),
			},
		},
		{
			ID: "application.csrf", Section: section, Text: "CSRF protection enabled",
			Tests: []Test{inAPI("TestTheEdgeRefusesWhatItShould", "a foreign web page")},
		},
		{
			ID: "application.cors", Section: section, Text: "CORS restrictive (licenses.coditect.ai only)",
			Requirements: []Requirement{{
				Type: kubernetes.TypeDeployment, Name: api, At: variable("CORS_ORIGINS"),
				Want:  custom("names https origins of the platform's own hosts only", ownOrigins),
				Break: "https://coditect.ai,*",
			}},
			Tests: []Test{inAPI("TestTheEdgeRefusesWhatItShould", "a foreign page's preflight"), inAPI("TestBrowsersOfTheAllowedOriginMayUseTheAPI", "")},
		},
		{
			ID: "application.https", Section: section, Text: "HTTPS-only (HSTS enabled)",
			Requirements: []Requirement{
				{
					Type: kubernetes.TypeIngress, Path: annotation("kubernetes.io/ingress.allow-http"),
					Want: custom("is false, or the front end redirects", refusesOrRedirectsHTTP), Break: "true",
				},
				{Type: kubernetes.TypeIngress, Path: annotation("networking.gke.io/managed-certificates"), Want: given()},
			},
			Tests: []Test{inAPI("TestTheEdgeRefusesWhatItShould", "no token")},
		},
		{
			ID: "application.cookies", Section: section, Text: "Secure cookies (httpOnly, secure flags)",
			Why:   "the API answers bearer tokens and sets no cookie",
			Tests: []Test{{Package: "ops/checklist", Name: "TestTheAPISetsNoCookie"}},
		},
	}
}

func compliance() []Item {
	const section = "Compliance"
	return []Item{
		{
			ID: "compliance.pci", Section: section, Text: "PCI DSS controls if handling payments",
			Why: "the platform handles no payments",
		},
		{
			ID: "compliance.soc2", Section: section, Text: "SOC 2 Type II controls if required",
			Why: "an auditor reports on an organisation over months; a plan of a stack cannot prove it",
		},
		{
			ID: "compliance.gdpr", Section: section, Text: "GDPR data retention policies",
			Requirements: []Requirement{
				{Type: gcp.TypeLogBucket, Path: "retentionDays", Want: between(1, 3650), Break: 0.0},
			},
			Tests: []Test{inAPI("TestPersonalDataIsExportedErasedAndForgotten", ""), inAPI("TestTheLogHoldsNoSecret", "")},
		},
		{
			ID: "compliance.penetration-test", Section: section, Text: "Security audit completed (penetration test)",
			Why: "people do it, from outside; a plan of a stack cannot prove it",
		},
	}
}
