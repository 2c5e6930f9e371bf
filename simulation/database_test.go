package simulation

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"pasarela/store/memory"
	"pasarela/store/sqlite"
)

// openDatabase opens the memory that gateways come and go on, or in some worlds a real SQLite file.
func (w *world) openDatabase() (err error) {
	if !w.onFile {
		w.database = memory.Open()
		return nil
	}
	w.opened = w.databaseFile()
	w.database, err = sqlite.Open(w.ctx, w.opened, sqlite.Options{Synchronous: "OFF"})
	return err
}

func (w *world) databaseFile() string {
	return filepath.Join(w.dir, fmt.Sprintf("life-%d.db", w.lives.Load()))
}

// reopen does with a database file what the death of its only process does: what is in the file as it stands is all
// there is. Memory stays as it is.
func (w *world) reopen() error {
	if !w.onFile || w.nodes > 1 {
		return nil
	}
	before, file := w.opened, w.databaseFile()
	if err := copyDatabase(before, file); err != nil {
		return err
	}
	if err := w.database.Close(); err != nil {
		return err
	}
	return w.openDatabase()
}

// copyDatabase takes the file and its write-ahead log as a kill leaves them: not closed, not checkpointed.
func copyDatabase(from, to string) error {
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(from + suffix)
		if errors.Is(err, fs.ErrNotExist) && suffix != "" {
			continue
		}
		if err != nil {
			return fmt.Errorf("copy the database: %w", err)
		}
		if err := os.WriteFile(to+suffix, content, 0o600); err != nil {
			return fmt.Errorf("copy the database: %w", err)
		}
	}
	return nil
}
