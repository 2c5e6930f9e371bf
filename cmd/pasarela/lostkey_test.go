package main_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A key that is gone is said to be gone: a new one in its place would open nothing and hide the loss.
func TestLostKeyIsNotReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t).start()
	w.stop()
	key := filepath.Join(w.data, "key-encryption.key")
	if err := os.Rename(key, key+".away"); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"dev", "keys rotate", "doctor"} {
		args := strings.Fields(command)
		if command == "dev" {
			args = append(args, "--listen", "127.0.0.1:0")
		}
		r := w.pasarela(args...)
		if r.code == 0 || !strings.Contains(r.err+r.out, "key-encryption.key is missing: put it back") {
			t.Errorf("%s: exit status %d, said %q %q", command, r.code, r.out, r.err)
		}
		if _, err := os.Stat(key); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s made a new key", command)
		}
	}
	if err := os.Rename(key+".away", key); err != nil {
		t.Fatal(err)
	}
	w.start()
}

// A database that was only migrated has no keys yet, so the first gateway on it makes them.
func TestDevOnAMigratedFolder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pasarela("migrate").must(t)
	w.start()
}
