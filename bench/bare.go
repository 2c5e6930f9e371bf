package bench

import (
	"embed"
	"fmt"
)

// The bare statements: the rows that the gateway writes, one file each, under the same names for both
// engines. What the gateway reads besides is left out, so the database alone has less to do.
//
//go:embed sqlite/*.sql postgres/*.sql
var statements embed.FS

// work is what one turn of a scenario commits: the statements of each commit.
type work [][]string

var (
	tokenWork   = work{{"insert_token"}}
	pairWork    = work{{"insert_token"}, {"spend_token", "insert_payment"}, {"settle_payment", "insert_posting"}}
	captureWork = work{{"insert_token"}, {"spend_token", "insert_payment"}, {"authorize_payment", "insert_posting"},
		{"insert_operation", "begin_capture"}, {"end_operation", "settle_payment", "insert_second_posting", "insert_third_posting"}}
)

func statement(engine, name string) (string, error) {
	text, err := statements.ReadFile(engine + "/" + name + ".sql")
	if err != nil {
		return "", fmt.Errorf("bare statement: %w", err)
	}
	return string(text), nil
}
