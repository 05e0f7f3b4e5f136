package gcp

import "fmt"

// APIError is an answer of a Google API that refuses a request.
type APIError struct {
	// Code is the HTTP status.
	Code    int
	Message string
}

// Error renders it the way the provider prints an API's answer.
func (e *APIError) Error() string {
	return fmt.Sprintf("Error %d: %s", e.Code, e.Message)
}

func apiError(code int, format string, values ...any) error {
	return &APIError{Code: code, Message: fmt.Sprintf(format, values...)}
}
