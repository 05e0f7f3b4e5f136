package postgres

import (
	"encoding/csv"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// LogLine is a message of the server's log.
type LogLine struct {
	Time time.Time
	// PID is the session's process.
	PID int
	// User and Database are empty for what the server says by itself.
	User, Database string
	// Level is PostgreSQL's own: LOG, WARNING, ERROR, FATAL, STATEMENT, …
	Level, Text string
}

// logForm is a line with the prefix that settings gives it.
var logForm = regexp.MustCompile(`^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) UTC \[(\d+)\] (?:(\S*)@(\S*) )?([A-Z]+[0-9]?):  ((?s).*)$`)

// ParseLog reads a message, the lines that continue it included; ok says whether it
// is one.
// https://www.postgresql.org/docs/15/runtime-config-logging.html#GUC-LOG-LINE-PREFIX
func ParseLog(message string) (line LogLine, ok bool) {
	found := logForm.FindStringSubmatch(message)
	if found == nil {
		return LogLine{}, false
	}
	at, err := time.Parse("2006-01-02 15:04:05.000", found[1])
	if err != nil {
		return LogLine{}, false
	}
	pid, err := strconv.Atoi(found[2])
	return LogLine{Time: at, PID: pid, User: found[3], Database: found[4], Level: found[5], Text: found[6]}, err == nil
}

// Continues says that a line of the log belongs to the message before it.
func Continues(line []byte) bool { return len(line) > 0 && line[0] == '\t' }

// Statement is what pgaudit logs of a statement.
// https://github.com/pgaudit/pgaudit/blob/REL_15_STABLE/README.md#format
type Statement struct {
	// Type is SESSION or OBJECT, Class READ, WRITE, ROLE, DDL or another.
	Type, Class string
	// ID and Part number the statement within its session, and the parts of it.
	ID, Part int
	// Command is for example INSERT, Object what it is on, where that is logged.
	Command, ObjectType, Object string
	// Text is the statement; Parameter is "<not logged>" as it is configured.
	Text, Parameter string
}

// auditFields is how many fields an entry has.
const auditFields = 9

// Audited reads what pgaudit has logged; ok says whether the message is that.
func (l LogLine) Audited() (s Statement, ok bool) {
	text, is := strings.CutPrefix(l.Text, "AUDIT: ")
	if !is || l.Level != "LOG" {
		return Statement{}, false
	}
	reader := csv.NewReader(strings.NewReader(strings.ReplaceAll(text, "\n\t", "\n")))
	reader.FieldsPerRecord, reader.LazyQuotes = auditFields, true
	fields, err := reader.Read()
	if err != nil {
		return Statement{}, false
	}
	id, badID := strconv.Atoi(fields[1])
	part, badPart := strconv.Atoi(fields[2])
	return Statement{
		Type: fields[0], ID: id, Part: part, Class: fields[3], Command: fields[4], ObjectType: fields[5], Object: fields[6],
		Text: fields[7], Parameter: fields[8],
	}, badID == nil && badPart == nil
}
