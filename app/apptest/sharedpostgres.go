package apptest

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/coditect-ai/license-platform/app/apptest/await"
)

// SharedPostgres is one server for all tests of a package, each of which has a database of
// its own: a copy takes a tenth of the time that a server takes. Tests that stop the server,
// or look at all of it, start one with StartPostgres.
type SharedPostgres struct {
	// Prepare makes what every database begins with.
	Prepare func(testing.TB, *Postgres)

	mu     sync.Mutex
	server *Postgres
	copies int
}

// Start returns a new database, which is dropped at the test's end. The first call starts
// the server.
func (s *SharedPostgres) Start(tb testing.TB) *Postgres {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server == nil {
		server := newPostgres(tb)
		s.Prepare(tb, server)
		s.server = server
	}
	s.copies++
	database := *s.server
	database.Database, database.shared = fmt.Sprintf("%s_%d", Database, s.copies), true
	name := pgx.Identifier{database.Database}.Sanitize()
	// Connections that have prepared the first database may take a moment to end.
	await.True(tb, func() bool {
		return s.server.try("postgres", `CREATE DATABASE `+name+` OWNER "`+MigrationRole+`" TEMPLATE `+Database) == nil
	}, "copy the database "+Database)
	tb.Cleanup(func() { database.run(tb, "postgres", `DROP DATABASE `+name+` WITH (FORCE)`) })
	return &database
}

// Around runs the tests, and stops the server after the last one.
func (s *SharedPostgres) Around(tests Tests) Tests { return around{tests, s} }

type around struct {
	Tests
	shared *SharedPostgres
}

// Run implements Tests.
func (a around) Run() int {
	code := a.Tests.Run()
	if server := a.shared.server; server != nil {
		server.interrupt()
		_ = os.RemoveAll(server.dir)
	}
	return code
}

// interrupt ends the server's process, when there is no test that could fail.
func (p *Postgres) interrupt() {
	// It may have ended already.
	_ = p.command.Process.Signal(syscall.SIGINT)
	select {
	case <-p.ended:
	case <-time.After(await.Limit):
		_ = p.command.Process.Kill()
		<-p.ended
	}
}
