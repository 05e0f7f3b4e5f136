package command

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// slow is how long a phase takes before it is announced; shorter ones are told at their end only.
const slow = 2 * time.Second

// printer writes progress as plain aligned lines; colour is for terminals only.
// It is safe for concurrent use.
type printer struct {
	out, errors io.Writer
	colour      bool
	started     time.Time

	mu     sync.Mutex
	phases []phase
}

// phase is a part of the work and how long it took.
type phase struct {
	name string
	took time.Duration
}

func newPrinter(out, errors io.Writer) *printer {
	return &printer{out: out, errors: errors, colour: terminal(out), started: time.Now()}
}

// checkedWriter remembers the first text that could not be written, on a full disk for
// example: who reads a file that is not whole has to learn it by the exit code.
type checkedWriter struct {
	io.Writer
	mu  sync.Mutex
	err error
}

func (w *checkedWriter) Write(text []byte) (int, error) {
	n, err := w.Writer.Write(text)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = cmp.Or(w.err, err)
	return n, err
}

func (w *checkedWriter) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		return nil
	}
	return fmt.Errorf("not all of the output could be written: %w", w.err)
}

// terminal says whether a writer shows colours (https://no-color.org).
func terminal(w io.Writer) bool {
	if checked, is := w.(*checkedWriter); is {
		w = checked.Writer
	}
	file, isFile := w.(*os.File)
	if !isFile || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// line writes one line.
func (p *printer) line(format string, values ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, format+"\n", values...)
}

// say writes a line of progress, with the time since the start.
func (p *printer) say(format string, values ...any) {
	p.line("%s %s", p.dim(fmt.Sprintf("%6.1fs", time.Since(p.started).Seconds())), fmt.Sprintf(format, values...))
}

// note is say for packages that only have text.
func (p *printer) note(text string) { p.say("%s", text) }

// during runs work as a named phase. A slow one says so while it runs.
func (p *printer) during(name string, work func() error) error {
	began := time.Now()
	waiting := time.AfterFunc(slow, func() { p.say("%s …", name) })
	err := work()
	waiting.Stop()
	took := time.Since(began)
	p.mu.Lock()
	p.phases = append(p.phases, phase{name, took})
	p.mu.Unlock()
	if err == nil && took >= slow {
		p.say("%s: done in %.1f s", name, took.Seconds())
	}
	return err
}

// summary lists the phases on one line.
func (p *printer) summary() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	parts := make([]string, len(p.phases))
	for i, one := range p.phases {
		parts[i] = fmt.Sprintf("%s %.1f s", one.name, one.took.Seconds())
	}
	return strings.Join(parts, ", ")
}

func (p *printer) paint(code, text string) string {
	if !p.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p *printer) dim(text string) string   { return p.paint("2", text) }
func (p *printer) bold(text string) string  { return p.paint("1", text) }
func (p *printer) green(text string) string { return p.paint("32", text) }
func (p *printer) red(text string) string   { return p.paint("31", text) }

// table writes rows in aligned columns, the first row as a heading.
func (p *printer) table(rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for n, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-len([]rune(cell))+2))
			}
		}
		text := strings.TrimRight(line.String(), " ")
		if n == 0 {
			text = p.bold(text)
		}
		p.line("%s", text)
	}
}
