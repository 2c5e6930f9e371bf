package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// errNoPgbench says that the ceiling of PostgreSQL cannot be measured.
var errNoPgbench = errors.New("pgbench is not installed (Debian: postgresql), so PostgreSQL's own ceiling was not measured")

// pgbench finds the program in PATH, or the newest that Debian installed.
func pgbench() (string, error) {
	if path, err := exec.LookPath("pgbench"); err == nil {
		return path, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if err != nil || len(found) == 0 {
		return "", errNoPgbench
	}
	return slices.Max(found), nil
}

// script is the work as pgbench runs it: each commit in one round trip. Ids rise with the turn, and those
// that are random in the gateway are random here.
func (w work) script() (string, error) {
	text := strings.Builder{}
	text.WriteString("\\set i :i + 1\n\\set n :base + :i * 1000 + :client_id\n\\set random random(1, 9000000000000000000)\n")
	for _, commit := range w {
		text.WriteString("\\startpipeline\nBEGIN;\n")
		for _, name := range commit {
			query, err := statement("postgres", name)
			if err != nil {
				return "", err
			}
			text.WriteString(strings.TrimSpace(query) + ";\n")
		}
		text.WriteString("COMMIT;\n\\endpipeline\n")
	}
	return text.String(), nil
}

var transactionsPerSecond = regexp.MustCompile(`tps = ([0-9.]+)`)

// barePostgres does the work over so many connections of pgbench.
func barePostgres(ctx context.Context, databaseURL, folder string, w work, connections int, duration time.Duration) (float64, error) {
	program, err := pgbench()
	if err != nil {
		return 0, err
	}
	script, err := w.script()
	if err != nil {
		return 0, err
	}
	file := filepath.Join(folder, "pgbench.sql")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		return 0, err
	}
	seconds := max(1, int(duration.Round(time.Second)/time.Second)) // pgbench counts whole ones
	ctx, cancel := context.WithTimeout(ctx, time.Duration(seconds)*time.Second+startWithin)
	defer cancel()
	command := exec.CommandContext(ctx, program, "--no-vacuum", "--protocol=prepared", "--random-seed=rand",
		"--client="+strconv.Itoa(connections), "--jobs="+strconv.Itoa(min(connections, 2)), "--time="+strconv.Itoa(seconds),
		"--define=i=0", "--define=base="+strconv.FormatInt(time.Now().Unix()*1_000_000_000, 10), "--file="+file, databaseURL)
	out, err := command.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("pgbench: %w: %s", err, out)
	}
	found := transactionsPerSecond.FindSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("pgbench did not say how many transactions it made: %s", out)
	}
	return strconv.ParseFloat(string(found[1]), 64)
}

// server describes a PostgreSQL, and the settings that decide what its commits are worth.
type server struct {
	version  string
	settings string
	pids     []int // of the server where it runs on this machine and shows where its files are
}

func describePostgres(ctx context.Context, databaseURL string) (s server, err error) {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return s, fmt.Errorf("PostgreSQL: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	var fsync, synchronous, pages, buffers, folder string
	err = conn.QueryRow(ctx, `SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit'),
		current_setting('full_page_writes'), current_setting('shared_buffers'), COALESCE(current_setting('data_directory', true), '')`).
		Scan(&s.version, &fsync, &synchronous, &pages, &buffers, &folder)
	if err != nil {
		return s, fmt.Errorf("PostgreSQL: %w", err)
	}
	s.settings = fmt.Sprintf("fsync %s, synchronous_commit %s, full_page_writes %s, shared_buffers %s", fsync, synchronous, pages, buffers)
	if text, err := os.ReadFile(filepath.Join(folder, "postmaster.pid")); err == nil {
		line, _, _ := strings.Cut(string(text), "\n")
		if pid, err := strconv.Atoi(line); err == nil {
			s.pids = []int{pid}
		}
	}
	return s, nil
}
