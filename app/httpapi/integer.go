package httpapi

import (
	"bytes"
	"errors"
	"math"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// errNotInteger says that a number has a fraction, or is larger than any field allows.
var errNotInteger = errors.New("the number is not an integer of the allowed size")

// values reads the numbers and nulls of a body: into the types of fields, and before that into any,
// to be checked.
func values() *json.Unmarshalers { return json.JoinUnmarshalers(integers(), unbounded()) }

// null is a null of a body. No field may be null; as nil it would count as left out, and who means
// to take a value away by it would be told that it is done.
type null struct{}

// unbounded lets a number that no float64 holds be one that is too large for every field, because it
// is JSON all the same, and tells null from what is not there.
func unbounded() *json.Unmarshalers {
	return json.UnmarshalFromFunc(func(d *jsontext.Decoder, to *any) error {
		kind := d.PeekKind()
		if kind != '0' && kind != 'n' {
			return errors.ErrUnsupported
		}
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		if kind == 'n' {
			*to = null{}
			return nil
		}
		number, err := strconv.ParseFloat(string(value), 64)
		if math.IsInf(number, 0) {
			number, err = math.Copysign(math.MaxFloat64, number), nil
		}
		*to = number
		return err
	})
}

// integers reads 5, 5.0, 50e-1 and 0.5e1 alike, because to JSON Schema a number with a fraction of
// zero is an integer (json-schema.org/draft/2020-12/json-schema-core#section-4.2.3).
func integers() *json.Unmarshalers {
	return json.UnmarshalFromFunc(func(d *jsontext.Decoder, to *int) error {
		if d.PeekKind() != '0' {
			return errors.ErrUnsupported
		}
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		*to, err = integer(value)
		return err
	})
}

// mostDigits bounds an integer: no field takes one of more than 8 digits, and all that are shorter
// than this fit into an int.
const mostDigits = 18

// integer returns the value of a JSON number, exactly, if it is an integer.
func integer(number []byte) (int, error) {
	negative := bytes.HasPrefix(number, []byte("-"))
	mantissa, exponent, _ := bytes.Cut(bytes.TrimPrefix(bytes.ToLower(number), []byte("-")), []byte("e"))
	whole, fraction, _ := bytes.Cut(mantissa, []byte("."))
	fraction = bytes.TrimRight(fraction, "0")
	digits := bytes.TrimLeft(append(bytes.Clone(whole), fraction...), "0")
	if len(digits) == 0 {
		return 0, nil
	}
	// The value is digits times ten to the shift.
	significant := bytes.TrimRight(digits, "0")
	shift := len(digits) - len(significant) - len(fraction)
	if len(exponent) > 0 {
		e, err := strconv.Atoi(string(exponent))
		if err != nil || e > len(number)+mostDigits || e < -len(number)-mostDigits {
			return 0, errNotInteger
		}
		shift += e
	}
	if shift < 0 || len(significant)+shift > mostDigits {
		return 0, errNotInteger
	}
	value, err := strconv.Atoi(string(significant) + string(bytes.Repeat([]byte("0"), shift)))
	if err != nil {
		return 0, errNotInteger
	}
	if negative {
		value = -value
	}
	return value, nil
}
