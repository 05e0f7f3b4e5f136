package loadbalancer

import (
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// LogEntry is one request in the shape of the load balancer's log
// (https://cloud.google.com/load-balancing/docs/https/https-logging-monitoring,
// https://cloud.google.com/armor/docs/request-logging).
type LogEntry struct {
	InsertID    string      `json:"insertId"`
	LogName     string      `json:"logName"`
	Timestamp   time.Time   `json:"timestamp"`
	Severity    string      `json:"severity"` // INFO, or WARNING from status 400 on
	Trace       string      `json:"trace,omitempty"`
	SpanID      string      `json:"spanId,omitempty"`
	HTTPRequest HTTPRequest `json:"httpRequest"`
	Resource    LogResource `json:"resource"`
	Payload     LogPayload  `json:"jsonPayload"`
	// Problem is the code of the RFC 9457 problem that the backend answered with,
	// empty when it did not. The load balancer does not know it, so it is in no log.
	Problem string `json:"-"`
}

// HTTPRequest is the entry's httpRequest; sizes are bytes in decimal.
type HTTPRequest struct {
	Method       string `json:"requestMethod"`
	URL          string `json:"requestUrl"`
	RequestSize  string `json:"requestSize,omitempty"`
	Status       int    `json:"status"` // 0: the client left before there was one
	ResponseSize string `json:"responseSize"`
	UserAgent    string `json:"userAgent,omitempty"`
	RemoteIP     string `json:"remoteIp"`
	ServerIP     string `json:"serverIp,omitempty"` // the endpoint
	Latency      string `json:"latency"`            // seconds, "0.004210s"
}

// LogResource names the load balancer and its backend service.
type LogResource struct {
	Type   string            `json:"type"`
	Labels map[string]string `json:"labels"`
}

// LogPayload is the entry's jsonPayload.
type LogPayload struct {
	Type          string       `json:"@type"`
	StatusDetails string       `json:"statusDetails"`
	RemoteIP      string       `json:"remoteIp"`
	Enforced      *PolicyMatch `json:"enforcedSecurityPolicy,omitempty"`
	Preview       *PolicyMatch `json:"previewSecurityPolicy,omitempty"`
	RequestData   *RequestData `json:"securityPolicyRequestData,omitempty"`
}

// RequestData is what Cloud Armor knew of the client.
type RequestData struct {
	RemoteIPInfo struct {
		RegionCode string `json:"regionCode,omitempty"`
		ASN        uint32 `json:"asn,omitempty"`
	} `json:"remoteIpInfo"`
}

func (x *exchange) entry(project string, r *http.Request, a *answer) LogEntry {
	status := a.status
	if x.details == websocketClosed {
		status = http.StatusSwitchingProtocols // written by the hijacker
	}
	severity := "INFO"
	if status >= http.StatusBadRequest || status == 0 {
		severity = "WARNING"
	}
	e := LogEntry{
		InsertID: rand.Text(), LogName: "projects/" + project + "/logs/requests",
		Timestamp: x.started.UTC(), Severity: severity, SpanID: x.trace.span,
		HTTPRequest: HTTPRequest{
			Method: r.Method, URL: scheme(r) + "://" + r.Host + r.URL.RequestURI(),
			Status: status, ResponseSize: strconv.FormatInt(a.bytes, 10),
			UserAgent: r.UserAgent(), RemoteIP: x.client.text(),
			Latency: fmt.Sprintf("%.6fs", time.Since(x.started).Seconds()),
		},
		Resource: LogResource{Type: "http_load_balancer", Labels: map[string]string{
			"project_id": project, "zone": "global", "url_map_name": x.snapshot.config.Name,
		}},
		Payload: LogPayload{
			Type:          "type.googleapis.com/google.cloud.loadbalancing.type.LoadBalancerLogEntry",
			StatusDetails: x.details, RemoteIP: x.client.text(),
			Enforced: x.verdict.Enforced, Preview: x.verdict.Preview,
		},
		Problem: x.problem,
	}
	if r.ContentLength > 0 {
		e.HTTPRequest.RequestSize = strconv.FormatInt(r.ContentLength, 10)
	}
	if x.trace.id != "" {
		e.Trace = "projects/" + project + "/traces/" + x.trace.id
	}
	if x.endpoint != nil {
		e.HTTPRequest.ServerIP = x.endpoint.address.Addr().String()
	}
	if x.backend != nil {
		e.Resource.Labels["backend_service_name"] = x.backend.Name
		if x.backend.Guard != nil {
			e.Payload.RequestData = &RequestData{}
			e.Payload.RequestData.RemoteIPInfo.RegionCode = x.client.Region
			e.Payload.RequestData.RemoteIPInfo.ASN = x.client.ASN
		}
	}
	return e
}

func (c Client) text() string {
	if !c.IP.IsValid() {
		return ""
	}
	return c.IP.String()
}

// sampled decides whether the request goes to the log.
func (x *exchange) sampled() bool {
	if x.backend == nil || !x.backend.Log.Enable {
		return false
	}
	return mathrand.Float64() < x.backend.Log.Rate
}
