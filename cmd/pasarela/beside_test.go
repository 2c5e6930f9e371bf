package main

import (
	"strings"
	"testing"
	"time"

	"pasarela"
	"pasarela/sandbox"
)

// A command goes by what the gateway beside it is, which the folder it is run in says only of a database in that folder.
func TestWhoseClockACommandGoesBy(t *testing.T) {
	t.Parallel()
	const url = "postgres://db.example/pasarela"
	folder := func(of string) string {
		dir := t.TempDir()
		if of == "" {
			return dir
		}
		c, err := sandbox.OpenClock(dir, of, time.Date(2031, 3, 3, 0, 0, 0, 0, time.UTC))
		if err == nil {
			err = c.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for name, c := range map[string]struct {
		clock, url string // of which kind of database the folder's clock is
		says       bool
		sandbox    bool
		refused    string
	}{
		"a sandbox's folder":                                 {clock: "sqlite", sandbox: true},
		"a sandbox's folder, said as well":                   {clock: "sqlite", says: true, sandbox: true},
		"a gateway's folder":                                 {},
		"a gateway's folder, called a sandbox's":             {says: true, refused: "has no clock of a sandbox"},
		"a gateway's folder in which a sandbox's clock lies": {clock: "postgres"},
		"PostgreSQL":                                             {url: url},
		"PostgreSQL beside a sandbox's folder":                   {clock: "sqlite", url: url},
		"PostgreSQL from a folder of a sandbox on PostgreSQL":    {clock: "postgres", url: url},
		"a sandbox on PostgreSQL":                                {clock: "postgres", url: url, says: true, sandbox: true},
		"a sandbox on PostgreSQL, in another's folder":           {clock: "sqlite", url: url, says: true, refused: "name the sandbox's folder with --data"},
		"a sandbox on PostgreSQL, from a folder without a clock": {url: url, says: true, refused: "name the sandbox's folder with --data"},
	} {
		clock, inSandbox, err := asSandbox{c.says}.clock(place{Data: folder(c.clock), DatabaseURL: c.url})
		if c.refused != "" {
			if err == nil || !strings.Contains(err.Error(), c.refused) || strings.Contains(err.Error(), "db.example") {
				t.Errorf("%s: %v, want %q", name, err, c.refused)
			}
			continue
		}
		_, machines := clock.(pasarela.SystemClock)
		if err != nil || inSandbox != c.sandbox || machines == c.sandbox || c.sandbox && clock.Now().Year() != 2031 {
			t.Errorf("%s: sandbox %t by %T, %v", name, inSandbox, clock, err)
		}
	}
}
