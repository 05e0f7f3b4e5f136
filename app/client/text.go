package client

import (
	"strings"
	"unicode/utf16"
)

// plain is the text of a file as it was read. Windows PowerShell writes what it is given as UTF-16, with a
// byte order mark, and UTF-8 with one, too
// (https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_character_encoding?view=powershell-5.1).
func plain(content string) string {
	wide, marked := strings.CutPrefix(content, "\xff\xfe")
	if !marked {
		return strings.TrimPrefix(content, "\ufeff")
	}
	units := make([]uint16, len(wide)/2)
	for i := range units {
		units[i] = uint16(wide[2*i]) | uint16(wide[2*i+1])<<8
	}
	return string(utf16.Decode(units))
}
