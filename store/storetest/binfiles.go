package storetest

import (
	"errors"
	"testing"

	"pasarela"
	"pasarela/store"
)

var binFileScenarios = []scenario{
	on("a BIN file goes from version to version", binFileVersions),
	on("of many operators one loads the next BIN file", binFileLoadedOnce),
	{"a BIN file that one process loaded is seen by another", binFileShared},
}

func sampleBINFile(version int) pasarela.BINFile {
	return pasarela.BINFile{Version: version, Ranges: 100_000 + version, Data: []byte{byte(version), 0, 0xff}, ImportedAt: noon}
}

func putBINFile(t *testing.T, s store.Store, f pasarela.BINFile) {
	t.Helper()
	if err := s.PutBINFile(t.Context(), f); err != nil {
		t.Fatalf("version %d: %v", f.Version, err)
	}
}

func binFileVersions(t *testing.T, s store.Store) {
	absent(s.BINFile(t.Context()))(t, "BIN file before any was loaded")
	same(t, "version before any was loaded", found(s.BINFileVersion(t.Context()))(t), 0)
	stands := 0
	for _, step := range []struct {
		version int
		want    error
	}{{2, store.ErrDuplicate}, {1, nil}, {1, store.ErrDuplicate}, {3, store.ErrDuplicate}, {2, nil}, {2, store.ErrDuplicate}, {1, store.ErrDuplicate}, {3, nil}} {
		if err := s.PutBINFile(t.Context(), sampleBINFile(step.version)); !errors.Is(err, step.want) {
			t.Fatalf("version %d: got %v, want %v", step.version, err, step.want)
		}
		if step.want == nil {
			stands = step.version
		}
		same(t, "version", found(s.BINFileVersion(t.Context()))(t), stands)
		if stands > 0 {
			same(t, "BIN file", found(s.BINFile(t.Context()))(t), sampleBINFile(stands))
		}
	}
	putBINFile(t, s, pasarela.BINFile{Version: 4})
	same(t, "BIN file without anything in it", found(s.BINFile(t.Context()))(t), pasarela.BINFile{Version: 4})
}

func binFileLoadedOnce(t *testing.T, s store.Store) {
	for version := 1; version <= 2; version++ {
		oneWins(t, together(func(i int) error {
			f := sampleBINFile(version)
			f.Ranges, f.Data = i, []byte{byte(i + 1)}
			return s.PutBINFile(t.Context(), f)
		}), pasarela.CodeWrongState)
		f := found(s.BINFile(t.Context()))(t)
		same(t, "bytes of the one that won", f.Data, []byte{byte(f.Ranges + 1)})
		same(t, "version", f.Version, version)
	}
}

func binFileShared(t *testing.T, open Open) {
	loader, reader := open(t), open(t)
	defer closeStore(t, loader)
	defer closeStore(t, reader)
	for version := 1; version <= 2; version++ {
		putBINFile(t, loader, sampleBINFile(version))
		same(t, "version seen by another process", found(reader.BINFileVersion(t.Context()))(t), version)
		same(t, "BIN file seen by another process", found(reader.BINFile(t.Context()))(t), sampleBINFile(version))
	}
}
