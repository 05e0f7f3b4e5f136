package httpapi

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// edgeAnswers adds what the load balancer answers in the API's place: a page of
// HTML without a code and without Retry-After. 403 and 429 are Cloud Armor's, 502
// the load balancer's own.
func edgeAnswers(responses map[string]*huma.Response) map[string]*huma.Response {
	for status, why := range map[string]string{
		"403": "as HTML, the edge refuses the request: sending it again does not help",
		"429": "as HTML, the edge limits the client's address: wait a minute, longer each time, then send it again",
		"502": http.StatusText(http.StatusBadGateway) + ": as HTML, no API answered: wait, then send it again with the same Idempotency-Key",
	} {
		response := responses[status]
		if response == nil {
			response = &huma.Response{Content: map[string]*huma.MediaType{}}
			responses[status] = response
		}
		if response.Description != "" {
			response.Description += "; "
		}
		response.Description += why
		response.Content["text/html"] = &huma.MediaType{Schema: &huma.Schema{Type: "string"}}
	}
	return responses
}
