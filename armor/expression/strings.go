package expression

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// stringFunctions are the language's own functions on text and addresses.
func stringFunctions() []cel.EnvOption {
	transform := func(name string, apply func(string) string) cel.EnvOption {
		return cel.Function(name, cel.MemberOverload("string_"+name, []*cel.Type{cel.StringType}, cel.StringType,
			cel.UnaryBinding(func(value ref.Val) ref.Val { return types.String(apply(string(value.(types.String)))) })))
	}
	return []cel.EnvOption{
		transform("lower", strings.ToLower),
		transform("upper", strings.ToUpper),
		transform("base64Decode", base64Decode),
		transform("urlDecode", func(text string) string { return urlDecode(text, false) }),
		transform("urlDecodeUni", func(text string) string { return urlDecode(text, true) }),
		transform("utf8ToUnicode", utf8ToUnicode),
		cel.Function("inIpRange", cel.Overload("in_ip_range_string_string", []*cel.Type{cel.StringType, cel.StringType},
			cel.BoolType, cel.BinaryBinding(inIPRange))),
	}
}

func inIPRange(address, within ref.Val) ref.Val {
	prefix, err := netip.ParsePrefix(string(within.(types.String)))
	if err != nil {
		return types.NewErr("inIpRange: %v", err)
	}
	ip, err := netip.ParseAddr(string(address.(types.String)))
	if err != nil {
		return types.NewErr("inIpRange: %v", err)
	}
	return types.Bool(prefix.Contains(ip.Unmap()))
}

// base64Decode accepts both alphabets and missing padding; what is not base64
// becomes the empty string, as documented.
func base64Decode(text string) string {
	text = strings.NewReplacer("_", "/", "-", "+").Replace(text)
	decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return ""
	}
	return string(decoded)
}

// urlDecode replaces %## and + (and %u#### when unicode is asked for) and leaves
// invalid encodings as they are.
func urlDecode(text string, unicode bool) string {
	var decoded strings.Builder
	for i := 0; i < len(text); {
		switch {
		case text[i] == '+':
			decoded.WriteByte(' ')
			i++
		case unicode && hexRun(text, i+2, 4) && text[i] == '%' && (text[i+1] == 'u' || text[i+1] == 'U'):
			decoded.WriteRune(rune(hexValue(text[i+2 : i+6])))
			i += 6
		case text[i] == '%' && hexRun(text, i+1, 2):
			decoded.WriteByte(byte(hexValue(text[i+1 : i+3])))
			i += 3
		default:
			decoded.WriteByte(text[i])
			i++
		}
	}
	return decoded.String()
}

func hexRun(text string, from, length int) bool {
	if from+length > len(text) {
		return false
	}
	for _, digit := range []byte(text[from : from+length]) {
		if !strings.ContainsRune("0123456789abcdefABCDEF", rune(digit)) {
			return false
		}
	}
	return true
}

func hexValue(digits string) int {
	value := 0
	for _, digit := range strings.ToLower(digits) {
		value = value*16 + strings.IndexRune("0123456789abcdef", digit)
	}
	return value
}

// utf8ToUnicode writes every character outside ASCII as %uhhhh in lower case;
// bytes that are not UTF-8 stay as they are.
func utf8ToUnicode(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); {
		char, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case char < utf8.RuneSelf, char == utf8.RuneError && size == 1:
			out.WriteByte(text[i])
		default:
			fmt.Fprintf(&out, "%%u%04x", char)
		}
		i += size
	}
	return out.String()
}
