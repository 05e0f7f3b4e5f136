package strict

import "encoding/json"

// hidden replaces a value that must not be shown.
const hidden = "[hidden]"

// longest is how much of a value a problem shows, in bytes.
const longest = 80

// show is a value of a known setting as a problem may show it: as it was written.
// In an object that is there instead, texts stay hidden: one could be a password.
func (d Decoder) show(value any) any {
	if d.Hidden {
		return hidden
	}
	switch value := value.(type) {
	case string:
		return short(value)
	case json.Number:
		return plain(value)
	case []any, map[string]any:
		return plain(short(asJSON(masked(value))))
	}
	return value
}

// unread is a value under an unknown key as a problem may show it: text there
// could be a password in the wrong place.
func (d Decoder) unread(value any) any {
	switch value.(type) {
	case bool, json.Number:
		return d.show(value)
	}
	return hidden
}

// MaskedValue is text under an unknown key as a problem may show it: only a number or
// a switch.
func MaskedValue(text string) any {
	if _, known := Switch(text); known {
		return plain(text)
	}
	if n := json.Number(text); json.Unmarshal([]byte(text), new(float64)) == nil {
		return plain(n)
	}
	return hidden
}

func masked(value any) any {
	switch value := value.(type) {
	case map[string]any:
		all := map[string]any{}
		for key, item := range value {
			all[key] = masked(item)
			if _, text := item.(string); text {
				all[key] = hidden
			}
		}
		return all
	case []any:
		all := make([]any, len(value))
		for i, item := range value {
			all[i] = masked(item)
		}
		return all
	}
	return value
}

func asJSON(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return hidden
	}
	return string(encoded)
}

func short(text string) string {
	if len(text) > longest {
		return text[:longest] + "…"
	}
	return text
}

// plain is shown without the quotes of a text.
type plain string

func (p plain) String() string { return string(p) }
