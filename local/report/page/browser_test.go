package page_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/coditect-ai/license-platform/app/apptest/await"
)

// browser is a headless Chromium, driven by its DevTools protocol
// (https://chromedevtools.github.io/devtools-protocol/).
type browser struct {
	t       testing.TB
	socket  *websocket.Conn
	session string
	next    int
	// failed are requests that the page made and that the policy or the network
	// refused; complaints what the console got.
	requested, complaints []string
	// tracedEvents are those of a trace, tracedAll says that all have come.
	tracedEvents []traced
	tracedAll    bool
}

// message is a call, its answer, or an event.
type message struct {
	ID      int             `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// openBrowser fails when there is no Chromium: a page that nobody has looked at is
// not tested.
func openBrowser(t testing.TB) *browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	require.NoError(t, err, "the page is tested in Chromium, which is missing on this machine: install the package chromium (make tools, or apt-get install -y chromium)")
	command := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
		"--remote-debugging-port=0", "--user-data-dir="+t.TempDir(), "about:blank")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	command.Env = append(os.Environ(), "HOME="+t.TempDir(), "DBUS_SESSION_BUS_ADDRESS=/dev/null")
	said, err := command.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
		_ = command.Wait()
	})
	address := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(said); lines.Scan(); {
			if _, url, found := strings.Cut(lines.Text(), "DevTools listening on "); found {
				address <- url
			}
		}
	}()
	b := &browser{t: t}
	b.socket, _, err = websocket.Dial(t.Context(), await.Receive(t, address), nil)
	require.NoError(t, err)
	b.socket.SetReadLimit(64 << 20)
	t.Cleanup(func() { _ = b.socket.CloseNow() })
	var target struct{ TargetID string }
	b.call(&target, "Target.createTarget", map[string]any{"url": "about:blank"})
	var attached struct{ SessionID string }
	b.call(&attached, "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true})
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.call(nil, domain+".enable", nil)
	}
	return b
}

// call asks and waits for the answer; events that come meanwhile are noted.
func (b *browser) call(answer any, method string, params map[string]any) {
	b.t.Helper()
	b.next++
	id := b.next
	content, err := json.Marshal(message{ID: id, Method: method, Session: b.session, Params: params})
	require.NoError(b.t, err)
	ctx, cancel := context.WithTimeout(b.t.Context(), await.Limit)
	defer cancel()
	require.NoError(b.t, b.socket.Write(ctx, websocket.MessageText, content))
	for {
		_, content, err := b.socket.Read(ctx)
		require.NoError(b.t, err, method)
		var got message
		require.NoError(b.t, json.Unmarshal(content, &got))
		b.note(got)
		if got.ID != id {
			continue
		}
		require.Nil(b.t, got.Error, "%s: %+v", method, got.Error)
		if answer != nil {
			require.NoError(b.t, json.Unmarshal(got.Result, answer))
		}
		return
	}
}

func (b *browser) note(event message) {
	text, _ := json.Marshal(event.Params) // it was JSON a moment ago
	switch event.Method {
	case "Network.requestWillBeSent":
		var params struct{ Request struct{ URL string } }
		if json.Unmarshal(text, &params) == nil {
			b.requested = append(b.requested, params.Request.URL)
		}
	case "Tracing.dataCollected":
		var collected struct{ Value []traced }
		if json.Unmarshal(text, &collected) == nil {
			b.tracedEvents = append(b.tracedEvents, collected.Value...)
		}
	case "Tracing.tracingComplete":
		b.tracedAll = true
	case "Log.entryAdded", "Runtime.exceptionThrown":
		b.complaints = append(b.complaints, string(text))
	}
}

// run evaluates an expression, which may be a promise, into value.
func (b *browser) run(value any, expression string) {
	b.t.Helper()
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	b.call(&answer, "Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true})
	require.Empty(b.t, string(answer.ExceptionDetails), expression)
	if value != nil {
		require.NoError(b.t, json.Unmarshal(answer.Result.Value, value), expression)
	}
}

// until waits for an expression to be true. One that throws is not true yet: an element is not there while the
// page is drawn.
func (b *browser) until(expression string) {
	b.t.Helper()
	await.True(b.t, func() (holds bool) {
		b.run(&holds, "(() => { try { return Boolean("+expression+") } catch { return false } })()")
		return holds
	}, expression)
}

// traced is an event of a trace
// (https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU).
type traced struct {
	Name     string
	PID, TID int
	// TDur is how long its thread was at it by the processor's clock, in microseconds.
	TDur float64
	Args struct{ Name string }
}

// trace begins to note what the browser does.
func (b *browser) trace() {
	b.t.Helper()
	b.asBrowser(func() {
		b.call(nil, "Tracing.start", map[string]any{"categories": "toplevel,__metadata", "transferMode": "ReportEvents"})
	})
}

// asBrowser calls without a page.
func (b *browser) asBrowser(do func()) {
	session := b.session
	b.session = ""
	defer func() { b.session = session }()
	do()
}

// longestTask ends the trace and returns how long the longest task of a page's main
// thread was at work, in milliseconds of the processor.
func (b *browser) longestTask() (longest float64) {
	b.t.Helper()
	b.asBrowser(func() { b.call(nil, "Tracing.end", nil) })
	for deadline := time.Now().Add(time.Minute); !b.tracedAll && time.Now().Before(deadline); {
		b.run(nil, "1") // events come while we wait for answers
	}
	require.True(b.t, b.tracedAll, "the trace does not end")
	type thread struct{ pid, tid int }
	main := map[thread]bool{}
	for _, event := range b.tracedEvents {
		if event.Name == "thread_name" && event.Args.Name == "CrRendererMain" {
			main[thread{event.PID, event.TID}] = true
		}
	}
	require.NotEmpty(b.t, main, "the trace names no main thread")
	for _, event := range b.tracedEvents {
		if strings.HasSuffix(event.Name, "RunTask") && main[thread{event.PID, event.TID}] {
			longest = max(longest, event.TDur/1000)
		}
	}
	return longest
}

// complaintsBut are those without any of the words.
func (b *browser) complaintsBut(words ...string) []string {
	return slices.DeleteFunc(slices.Clone(b.complaints), func(complaint string) bool {
		return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(complaint, word) })
	})
}

// visit opens a page with a screen of this width, in a colour scheme.
func (b *browser) visit(url string, width int, scheme string) {
	b.t.Helper()
	b.call(nil, "Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
	b.call(nil, "Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{
		{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"},
	}})
	b.call(nil, "Page.navigate", map[string]any{"url": url})
	b.until("document.readyState === 'complete' && location.href.startsWith('http')")
}

// press presses one key.
func (b *browser) press(key string, code int, text string) {
	b.t.Helper()
	for _, kind := range []string{"keyDown", "keyUp"} {
		params := map[string]any{"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code}
		if kind == "keyDown" && text != "" {
			params["text"] = text
		}
		b.call(nil, "Input.dispatchKeyEvent", params)
	}
}

// shoot keeps a picture in the folder PAGE_SHOTS names, for people to look at.
func (b *browser) shoot(name string) {
	b.t.Helper()
	folder := os.Getenv("PAGE_SHOTS")
	if folder == "" {
		return
	}
	var shot struct{ Data string }
	b.call(&shot, "Page.captureScreenshot", map[string]any{"format": "png"})
	content, err := base64.StdEncoding.DecodeString(shot.Data)
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s.png", name)), content, 0o600))
}
