package httpapi

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/coditect-ai/license-platform/app"
)

// exactJSON reads JSON as it is documented: the names of fields are exact and come once, and
// text is Unicode (RFC 7493). The standard library takes a name in another case for the field,
// the last of two, and a replacement for half a character. A byte order mark is passed over
// (RFC 8259, section 8.1). A number without a fraction is an integer, however it is written. No
// field may be null.
func exactJSON() huma.Format {
	// Made once, because they remember which of them serves a type.
	options := json.JoinOptions(json.RejectUnknownMembers(true), json.WithUnmarshalers(values()))
	return huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: func(data []byte, v any) error {
		data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
		err := json.Unmarshal(data, v, options)
		var syntax *jsontext.SyntacticError
		switch {
		case err == nil:
			return nil
		case errors.Is(err, jsontext.ErrDuplicateName):
			return errors.New("a field is there twice")
		case errors.Is(err, json.ErrUnknownName):
			return errors.New("a field is not known; names are exact, in upper and lower case too")
		case errors.As(err, &syntax), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
			return errors.New("is not JSON, or has text that is not Unicode")
		}
		return errors.New("a value is not of the documented type")
	}}
}

// contentType makes sure that a body is JSON as it is, not compressed, in UTF-8, and gives
// the media type the spelling that handlers know. Without a content type it is taken for
// JSON.
func contentType(header http.Header) error {
	unsupported := func(detail string) error { return app.NewError(app.CodeUnsupportedMedia, detail) }
	if coding := header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return unsupported("send the body as it is, without Content-Encoding")
	}
	written := header.Get("Content-Type")
	if written == "" {
		return nil
	}
	media, parameters, err := mime.ParseMediaType(written)
	if err != nil || media != "application/json" && !strings.HasSuffix(media, "+json") {
		return unsupported("send application/json")
	}
	if charset, named := parameters["charset"]; named && !strings.EqualFold(charset, "utf-8") {
		return unsupported("send JSON in UTF-8")
	}
	header.Set("Content-Type", "application/json")
	return nil
}

// Device is a fingerprint that may be left out: to be empty or null is a mistake.
type Device struct {
	// Text is the fingerprint.
	Text string
	// Set says that the field was there.
	Set bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (d *Device) UnmarshalJSON(data []byte) error {
	d.Set = true
	if string(data) == "null" {
		return nil
	}
	return json.Unmarshal(data, &d.Text)
}

// Schema implements huma.SchemaProvider.
func (d Device) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeString, MinLength: new(1), MaxLength: new(256), Pattern: "^[!-~]+$",
		Description: "Names the device: 1 to 256 visible ASCII characters. The same device extends its lease; without the field every call takes a new seat.",
		Examples:    []any{"device-7f3a"},
	}
}

// fingerprint returns it, "" for a lease without a device.
func (d Device) fingerprint() (string, error) {
	if d.Set && d.Text == "" {
		return "", &app.Error{
			Code: app.CodeValidation, Detail: "the fingerprint is empty",
			Fields: []app.FieldError{{Field: "body.fingerprint", Message: "must be 1 to 256 visible ASCII characters without spaces; leave it out for a lease without a device"}},
		}
	}
	return d.Text, nil
}
