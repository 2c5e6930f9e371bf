package keyfile

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Size is the length of a key in bytes.
const Size = 32

const maxFileBytes = 256

// Read returns the key in the file at path. Where there is none and create is set, it makes one, with its
// folder; of several processes that do so at once, all return the same key. A file that does not exist is
// fs.ErrNotExist. No error holds anything of the key.
func Read(path string, create bool) ([]byte, error) {
	key, err := read(path)
	if !create || !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := write(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("create key file: %w", err)
	}
	return read(path)
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("key file %s is not a regular file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("key file %s can be used by others than its owner (mode %04o): set mode 0600, and take a new key if others may have read it", path, mode)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFileBytes))
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	defer clear(text)
	key, err := Decode(string(text))
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return key, nil
}

// Decode reads a key written in base64, with space around it tolerated.
func Decode(text string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(key) != Size {
		return nil, fmt.Errorf("a key is %d bytes in base64 (44 characters, such as `openssl rand -base64 32` prints)", Size)
	}
	return key, nil
}

// write makes a new key under another name and links it into place, which fails where a file stands already.
func write(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	var key [Size]byte
	rand.Read(key[:]) //nolint:errcheck // never fails
	return install(path, []byte(base64.StdEncoding.EncodeToString(key[:])+"\n"), os.Link)
}

// Replace writes content to the file at path, readable by the owner only, so that after a crash either the
// old content or the new stands there.
func Replace(path string, content []byte) error { return install(path, content, os.Rename) }

// install brings content to disk under a temporary name and then puts it in place.
func install(path string, content []byte, place func(from, to string) error) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if gone := os.Remove(f.Name()); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}()
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := place(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(dir)
}

// syncFolder makes the new name itself durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
