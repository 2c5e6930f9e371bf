package keyfile_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pasarela/cde/vault/keyfile"
)

// Rule: processes that start at once on a new folder share one key.
func TestConcurrentCreationYieldsOneKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sub", "kek.key")
	keys := make([][]byte, 8)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			key, err := keyfile.Read(path, true)
			if err != nil {
				t.Error(err)
			}
			keys[i] = key
		})
	}
	all.Wait()
	for _, key := range keys {
		if len(key) != keyfile.Size || !bytes.Equal(key, keys[0]) {
			t.Error("two keys were made")
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// Rule: a key that others can read is no key.
func TestFilesOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o666} {
		path := filepath.Join(t.TempDir(), "kek.key")
		if _, err := keyfile.Read(path, true); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := keyfile.Read(path, true); err == nil || !strings.Contains(err.Error(), "0600") {
			t.Errorf("mode %v gave %v", mode, err)
		}
	}
}

func TestBadFilesAreRefusedWithoutTheirContent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := keyfile.Read(filepath.Join(dir, "none"), false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file gave %v", err)
	}
	if _, err := keyfile.Read(dir, false); err == nil {
		t.Error("a folder was taken for a key")
	}
	for i, content := range []string{"", "c2hvcnQ=", "not base64 at all", strings.Repeat("QUFB", 40)} {
		path := filepath.Join(dir, string(rune('a'+i)))
		if err := keyfile.Replace(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		_, err := keyfile.Read(path, true)
		if err == nil || content != "" && strings.Contains(err.Error(), content) {
			t.Errorf("%q gave %v", content, err)
		}
	}
}
