package client_test

import (
	"encoding/binary"
	"net/http"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/client"
)

// asWindowsWritesIt is what Windows PowerShell makes of a text.
func asWindowsWritesIt(text string) map[string]string {
	wide := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text + "\r\n")) {
		wide = binary.LittleEndian.AppendUint16(wide, unit)
	}
	return map[string]string{"by >": string(wide), "by Out-File -Encoding utf8": "\ufeff" + text + "\r\n", "by Set-Content": text + "\r\n"}
}

func TestATokenInAFileThatWindowsWroteIsTaken(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	var sent string
	w.answer("demo", func(rw http.ResponseWriter, r *http.Request) {
		sent = r.Header.Get("Authorization")
		writeJSON(rw, map[string]any{"id": "demo"})
	})
	config := w.config()
	for how, content := range asWindowsWritesIt("secret") {
		sent = ""
		config.Identity = client.Credential(content)
		_, err := client.Look(t.Context(), config)
		require.NoError(t, err, how)
		assert.Equal(t, "Bearer secret", sent, how)
	}
}
