package toolchain

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// tellEvery is how often a long compilation says how far it is.
const tellEvery = 10 * time.Second

// compilation reads what `go build -v` writes: the path of each package that it
// compiles, one a line, and whatever goes wrong.
type compilation struct {
	say   func(string)
	of    int
	now   func() time.Time
	told  time.Time
	count int
	line  []byte
	rest  bytes.Buffer
}

// Write implements io.Writer. The go command writes from one goroutine.
func (c *compilation) Write(p []byte) (int, error) {
	c.line = append(c.line, p...)
	for {
		line, after, whole := bytes.Cut(c.line, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		c.line = after
		c.take(string(line))
	}
}

func (c *compilation) take(line string) {
	if line == "" || strings.ContainsAny(line, " \t:#") {
		if !strings.HasPrefix(line, "go: downloading") {
			c.rest.WriteString(line + "\n")
		}
		return
	}
	c.count++
	if now := c.now(); now.Sub(c.told) >= tellEvery {
		c.told = now
		c.say(fmt.Sprintf("compiled %d of at most %d packages", c.count, c.of))
	}
}

// words is everything that was not progress.
func (c *compilation) words() string {
	return strings.TrimSpace(c.rest.String() + string(c.line))
}

// packages counts what a program is made of, an upper bound of what has to be
// compiled.
func packages(ctx context.Context, goTool, dir string, environment []string, program string) (int, error) {
	list := exec.CommandContext(ctx, goTool, "list", "-deps", program)
	list.Dir, list.Env = dir, environment
	output, err := list.Output()
	if err != nil {
		return 0, fmt.Errorf("list the packages of %s: %w", program, err)
	}
	return bytes.Count(output, []byte("\n")), nil
}
