package loadbalancer

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
)

// maxProblem bounds what is read of a problem, in bytes.
const maxProblem = 16 << 10

// problemCode returns the member "code" of an RFC 9457 problem and leaves the
// response as it is; empty when the response is not a problem.
func problemCode(response *http.Response) string {
	kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil || kind != "application/problem+json" || response.Body == nil {
		return ""
	}
	begin, err := io.ReadAll(io.LimitReader(response.Body, maxProblem))
	rest := response.Body
	if err != nil { // what broke stays broken for the client, too
		response.Body = rejoined{io.MultiReader(bytes.NewReader(begin), broken{err}), rest}
		return ""
	}
	response.Body = rejoined{io.MultiReader(bytes.NewReader(begin), rest), rest}
	var problem struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(begin, &problem) != nil {
		return ""
	}
	return problem.Code
}

// broken reads nothing but an error.
type broken struct{ err error }

// Read implements io.Reader.
func (b broken) Read([]byte) (int, error) { return 0, b.err }
