package cloudarmor

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
)

// maxJSONDepth keeps a hostile body from exhausting the stack.
const maxJSONDepth = 200

// parseJSON flattens a JSON text into names and values: {"a":{"b":[1]}} becomes
// a.b.0 = 1. A text that was cut off, as a body beyond the inspection limit is,
// yields what came before; one that is not JSON yields nothing.
func parseJSON(text []byte) ([]pair, bool) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	flat := flattener{decoder: decoder}
	err := flat.value(nil)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return flat.pairs, len(flat.pairs) > 0
	}
	if err != nil {
		return nil, false
	}
	// What follows the first value would go uninspected.
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, false
	}
	return flat.pairs, true
}

type flattener struct {
	decoder *json.Decoder
	pairs   []pair
}

var errTooDeep = errors.New("JSON is nested too deeply")

func (f *flattener) value(path []string) error {
	if len(path) > maxJSONDepth {
		return errTooDeep
	}
	token, err := f.decoder.Token()
	if err != nil {
		return err
	}
	delim, isDelim := token.(json.Delim)
	if !isDelim {
		f.pairs = append(f.pairs, pair{name: strings.Join(path, "."), value: scalar(token)})
		return nil
	}
	for index := 0; f.decoder.More(); index++ {
		name := strconv.Itoa(index)
		if delim == '{' {
			key, err := f.decoder.Token()
			if err != nil {
				return err
			}
			name, _ = key.(string)
		}
		if err := f.value(append(path[:len(path):len(path)], name)); err != nil {
			return err
		}
	}
	_, err = f.decoder.Token() // the closing bracket
	return err
}

func scalar(token json.Token) string {
	switch value := token.(type) {
	case string:
		return value
	case json.Number:
		return value.String()
	case bool:
		return strconv.FormatBool(value)
	default:
		return ""
	}
}
