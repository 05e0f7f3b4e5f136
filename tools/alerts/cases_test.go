package alerts

// The series are what the API's pods export, one sample every 30 seconds: 0+180x60
// is a counter that grows by six a second for half an hour.

// incidents are series that an alert must fire over.
func incidents() map[string]map[string]string {
	return map[string]map[string]string{
		"HighAuthenticationFailureRate": {
			"two pods refuse six requests a second each, one kind each": `
  http_requests_total{namespace="coditect-app",job="license-api",pod="a",code="401"} 0+180x80
  http_requests_total{namespace="coditect-app",job="license-api",pod="b",code="403"} 0+180x80
`,
			"a pod restarts in the middle": `
  http_requests_total{namespace="coditect-app",job="license-api",pod="a",code="401"} 0+480x12 0+480x60
`,
		},
		"PotentialDDoSAttack": {
			"the requests of all routes and codes add up": `
  http_requests_total{namespace="coditect-app",job="license-api",pod="a",code="200",route="acquire"} 0+18000x80
  http_requests_total{namespace="coditect-app",job="license-api",pod="b",code="429",route="acquire"} 0+15000x80
`,
		},
		"CloudKMSSigningFailures": {
			"all of a few signatures fail": `
  kms_sign_errors_total{namespace="coditect-app",job="license-api",pod="a"} 0+3x80
`,
			"many fail, and others succeed": `
  kms_sign_errors_total{namespace="coditect-app",job="license-api",pod="a"} 0+3x80
  license_leases_total{namespace="coditect-app",job="license-api",pod="b",outcome="granted"} 0+9x80
`,
			"somebody asks for a seat every four minutes, and nobody gets one": `
  kms_sign_errors_total{namespace="coditect-app",job="license-api",pod="a"} 0 0x7 1x7 2x7 3x7 4x7 5x7 6x7 7x7
  license_leases_total{namespace="coditect-app",job="license-api",pod="a",outcome="granted"} 40x80
  license_leases_total{namespace="coditect-app",job="license-api",pod="a",outcome="released"} 0+1x80
`,
			"the key breaks after the last seat of the day, and one client tries in vain": `
  kms_sign_errors_total{namespace="coditect-app",job="license-api",pod="a"} 0x23 2x60
  kms_sign_errors_total{namespace="coditect-app",job="license-api",pod="b"} 0x23 3x60
  license_leases_total{namespace="coditect-app",job="license-api",pod="a",outcome="extended"} 7 7 7 8x70
  license_leases_total{namespace="coditect-app",job="license-api",pod="b",outcome="extended"} 7x80
`,
		},
		"DatabaseConnectionPoolExhausted": {
			"one pod of two has no connection left": `
  db_connections_active{namespace="coditect-app",job="license-api",pod="a"} 10x80
  db_connections_max{namespace="coditect-app",job="license-api",pod="a"} 10x80
  db_connections_active{namespace="coditect-app",job="license-api",pod="b"} 1x80
  db_connections_max{namespace="coditect-app",job="license-api",pod="b"} 10x80
`,
			"statements that wait for a lock are cancelled all together, again and again": `
  db_connections_active{namespace="coditect-app",job="license-api",pod="a"} 10 10 3 10 10 3 10 10 3 10 10 3 10 10 3 10 10 3 10 10 3 10 10 3 10 10 3 10 10 3 10 10 3 10 10 3 10 10 3 10 10 3 10 10 3 10 10 3 10 10 3 10 10 3 10 10 3 10 10 3 10 10 3 10 10 3 10 10 3 10 10 3 10 10 3 10 10 3 10 10 3
  db_connections_max{namespace="coditect-app",job="license-api",pod="a"} 10x80
`,
		},
		"SeatsExhausted": {
			"two pods refuse a few people who try again and again": `
  license_leases_total{namespace="coditect-app",job="license-api",pod="a",outcome="exhausted"} 0+10x80
  license_leases_total{namespace="coditect-app",job="license-api",pod="b",outcome="exhausted"} 0+10x80
`,
		},
	}
}

// ordinary are series that an alert must be silent over.
func ordinary() map[string]map[string]string {
	return map[string]map[string]string{
		"HighAuthenticationFailureRate": {
			"nothing is refused": `
  http_requests_total{namespace="coditect-app",job="license-api",pod="a",code="200"} 0+3000x80
`,
			"just below the threshold": `
  http_requests_total{namespace="coditect-app",job="license-api",pod="a",code="401"} 0+297x80
`,
			"other refusals are not a matter of identity": `
  http_requests_total{namespace="coditect-app",job="license-api",pod="a",code="409"} 0+3000x80
  http_requests_total{namespace="coditect-app",job="license-api",pod="a",code="429"} 0+3000x80
`,
			"the Cloud IDE refuses": `
  http_requests_total{namespace="coditect-app",job="coditect-api-v2",pod="a",code="401"} 0+3000x80
  http_requests_total{namespace="another",job="license-api",pod="a",code="401"} 0+3000x80
`,
			"a burst is over before five minutes": `
  http_requests_total{namespace="coditect-app",job="license-api",pod="a",code="401"} 0+0x20 0+450x8 3600+0x60
`,
		},
		"PotentialDDoSAttack": {
			"a busy morning": `
  http_requests_total{namespace="coditect-app",job="license-api",pod="a",code="200"} 0+14000x80
  http_requests_total{namespace="coditect-app",job="license-api",pod="b",code="200"} 0+15000x80
`,
			"a burst of a minute": `
  http_requests_total{namespace="coditect-app",job="license-api",pod="a",code="200"} 0+0x20 0+36000x2 72000+0x60
`,
			"the Cloud IDE is busy": `
  http_requests_total{namespace="coditect-app",job="coditect-api-v2",pod="a",code="200"} 0+90000x80
`,
		},
		"CloudKMSSigningFailures": {
			"no signature fails": `
  kms_sign_errors_total{namespace="coditect-app",job="license-api",pod="a"} 0x80
`,
			"one failure every minute": `
  kms_sign_errors_total{namespace="coditect-app",job="license-api",pod="a"} 0 0 1 1 2 2 3 3 4 4 5 5 6 6 7 7 8 8 9 9 10 10 11 11 12 12 13 13 14 14 15
  license_leases_total{namespace="coditect-app",job="license-api",pod="a",outcome="extended"} 0 1x20 2x20 3x40
`,
			"signing fails for a minute, and works for the next one who asks": `
  kms_sign_errors_total{namespace="coditect-app",job="license-api",pod="a"} 0x20 4 8x60
  license_leases_total{namespace="coditect-app",job="license-api",pod="b",outcome="granted"} 5x24 6x60
`,
			"two fail, and nobody asks again": `
  kms_sign_errors_total{namespace="coditect-app",job="license-api",pod="a"} 0x20 2x60
  license_leases_total{namespace="coditect-app",job="license-api",pod="a",outcome="granted"} 5x80
`,
			"nothing is exported": `
  kms_sign_errors_total{namespace="coditect-app",job="another",pod="a"} 0+300x80
`,
		},
		"DatabaseConnectionPoolExhausted": {
			"nine of ten are in use": `
  db_connections_active{namespace="coditect-app",job="license-api",pod="a"} 9x80
  db_connections_max{namespace="coditect-app",job="license-api",pod="a"} 10x80
`,
			"full for two minutes at a time": `
  db_connections_active{namespace="coditect-app",job="license-api",pod="a"} 10x4 2x8 10x4 2x8 10x4 2x8 10x4 2x8 10x4 2x8 10x4 2x8
  db_connections_max{namespace="coditect-app",job="license-api",pod="a"} 10x80
`,
			"two pods take turns below the limit": `
  db_connections_active{namespace="coditect-app",job="license-api",pod="a"} 8x80
  db_connections_max{namespace="coditect-app",job="license-api",pod="a"} 10x80
  db_connections_active{namespace="coditect-app",job="license-api",pod="b"} 9x80
  db_connections_max{namespace="coditect-app",job="license-api",pod="b"} 10x80
`,
		},
		"SeatsExhausted": {
			"everybody gets a seat": `
  license_leases_total{namespace="coditect-app",job="license-api",pod="a",outcome="granted"} 0+300x80
`,
			"one person tries every five seconds": `
  license_leases_total{namespace="coditect-app",job="license-api",pod="a",outcome="exhausted"} 0+6x80
`,
			"refusals for another reason are another matter": `
  license_leases_total{namespace="coditect-app",job="license-api",pod="a",outcome="refused"} 0+300x80
`,
			"a meeting begins, and its people have their seats after five minutes": `
  license_leases_total{namespace="coditect-app",job="license-api",pod="a",outcome="exhausted"} 0+0x20 0+60x10 600+0x60
`,
		},
	}
}

// ended are incidents that are over after 22 minutes.
func ended() map[string]string {
	return map[string]string{
		"HighAuthenticationFailureRate": `
  http_requests_total{namespace="coditect-app",job="license-api",pod="a",code="401"} 0+480x44 21120+0x60
`,
		"PotentialDDoSAttack": `
  http_requests_total{namespace="coditect-app",job="license-api",pod="a",code="200"} 0+36000x44 1584000+30x60
`,
		"CloudKMSSigningFailures": `
  kms_sign_errors_total{namespace="coditect-app",job="license-api",pod="a"} 0+3x44 132+0x60
`,
		"DatabaseConnectionPoolExhausted": `
  db_connections_active{namespace="coditect-app",job="license-api",pod="a"} 10x44 3x60
  db_connections_max{namespace="coditect-app",job="license-api",pod="a"} 10x110
`,
		"SeatsExhausted": `
  license_leases_total{namespace="coditect-app",job="license-api",pod="a",outcome="exhausted"} 0+60x44 2640+0x80
`,
	}
}
