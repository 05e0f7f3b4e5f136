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

// failedPrecondition is a code of google.rpc.Code.
const failedPrecondition = 9

// operationError is a creation that a Google API took and that failed later.
type operationError struct {
	// what is created, as the provider calls it.
	what    string
	code    int // of google.rpc.Code
	message string
}

// Error renders it the way the provider prints a failed operation.
func (e *operationError) Error() string {
	return fmt.Sprintf("Error waiting to create %s: Error waiting for Creating %[1]s: Error code %d, message: %s", e.what, e.code, e.message)
}
