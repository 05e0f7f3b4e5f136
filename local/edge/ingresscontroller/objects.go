package ingresscontroller

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// backendConfig is cloud.google.com/v1 BackendConfig
// (https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration#backendconfig).
type backendConfig struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		IAP                   *iap             `json:"iap"`
		CDN                   *enabled         `json:"cdn"`
		SecurityPolicy        *named           `json:"securityPolicy"`
		TimeoutSec            int64            `json:"timeoutSec"`
		ConnectionDraining    draining         `json:"connectionDraining"`
		SessionAffinity       affinity         `json:"sessionAffinity"`
		CustomRequestHeaders  headerLines      `json:"customRequestHeaders"`
		CustomResponseHeaders headerLines      `json:"customResponseHeaders"`
		HealthCheck           healthCheck      `json:"healthCheck"`
		Logging               *loggingSettings `json:"logging"`
	} `json:"spec"`
}

type enabled struct {
	Enabled bool `json:"enabled"`
}

type iap struct {
	Enabled     bool `json:"enabled"`
	Credentials *struct {
		SecretName string `json:"secretName"`
		ClientID   string `json:"clientID"`
	} `json:"oauthclientCredentials"`
}

type named struct {
	Name string `json:"name"`
}

type draining struct {
	DrainingTimeoutSec int64 `json:"drainingTimeoutSec"`
}

type affinity struct {
	AffinityType string `json:"affinityType"`
}

type headerLines struct {
	Headers []string `json:"headers"`
}

type healthCheck struct {
	CheckIntervalSec   int64  `json:"checkIntervalSec"`
	TimeoutSec         int64  `json:"timeoutSec"`
	HealthyThreshold   int    `json:"healthyThreshold"`
	UnhealthyThreshold int    `json:"unhealthyThreshold"`
	Type               string `json:"type"`
	RequestPath        string `json:"requestPath"`
	Port               uint16 `json:"port"`
}

type loggingSettings struct {
	Enable     bool     `json:"enable"`
	SampleRate *float64 `json:"sampleRate"`
}

// frontendConfig is networking.gke.io/v1beta1 FrontendConfig
// (https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration#frontendconfig).
type frontendConfig struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		// SSLPolicy is left as it is when nil, and taken off when empty.
		SSLPolicy       *string `json:"sslPolicy"`
		RedirectToHTTPS *struct {
			Enabled          bool   `json:"enabled"`
			ResponseCodeName string `json:"responseCodeName"`
		} `json:"redirectToHttps"`
	} `json:"spec"`
}

// managedCertificate is networking.gke.io/v1 ManagedCertificate
// (https://cloud.google.com/kubernetes-engine/docs/how-to/managed-certs).
type managedCertificate struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Domains []string `json:"domains"`
	} `json:"spec"`
}

// sslPolicy is the part of gcp:compute/sSLPolicy:SSLPolicy that is served.
type sslPolicy struct {
	Name           string   `json:"name"`
	Profile        string   `json:"profile"`
	MinTLSVersion  string   `json:"minTlsVersion"`
	CustomFeatures []string `json:"customFeatures"`
}

// globalAddress is the part of gcp:compute/globalAddress:GlobalAddress that is
// used.
type globalAddress struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}
