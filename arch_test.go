package pasarela

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rooms is the house: which packages of this module, and which libraries that say something about a room's
// business, each room may import. Test files are free. A room that is missing here fails the test.
var rooms = map[string]struct {
	own       []string // packages of this module; a trailing /... covers what lies below
	libraries []string // prefixes of import paths with a dot in their first element
	never     []string // standard packages that would let I/O into a room of pure rules
}{
	".":       {libraries: []string{"github.com/bojanz/currency"}, never: []string{"net/http", "database/sql", "os", "log", "log/slog"}},
	"ledger":  {own: []string{"."}, never: []string{"net/http", "database/sql", "os", "log", "log/slog"}},
	"store":   {own: []string{".", "ledger"}, never: []string{"net/http", "database/sql"}},
	"gateway": {own: []string{".", "ledger", "store", "cde/vault", "cde/threeds"}, libraries: []string{"golang.org/x/sync"}, never: []string{"net/http", "database/sql"}},

	"store/memory":          {own: []string{".", "ledger", "store"}, never: []string{"net/http", "database/sql", "os"}},
	"store/sqlite":          {own: []string{".", "ledger", "store"}, libraries: []string{"modernc.org/sqlite"}, never: []string{"net/http"}},
	"store/postgres":        {own: []string{".", "ledger", "store"}, libraries: []string{"github.com/jackc/pgx"}, never: []string{"net/http"}},
	"store/postgres/pgtest": {libraries: []string{"github.com/jackc/pgx"}},
	"store/storetest":       {own: []string{".", "ledger", "store"}, libraries: []string{"pgregory.net/rapid"}},

	"cde/internal/pan":       {own: []string{"."}, never: []string{"net/http", "database/sql", "os", "log"}},
	"cde/cards":              {own: []string{".", "cde/..."}, libraries: []string{"github.com/tink-crypto"}, never: []string{"net/http", "database/sql", "log"}},
	"cde/vault":              {own: []string{".", "cde/..."}, libraries: []string{"github.com/tink-crypto"}, never: []string{"database/sql", "log"}},
	"cde/vault/keyfile":      {own: []string{".", "cde/..."}, libraries: []string{"github.com/tink-crypto"}, never: []string{"net/http", "database/sql", "log"}},
	"cde/acquirer":           {own: []string{".", "cde/..."}, libraries: []string{"github.com/moov-io/iso8583"}, never: []string{"net/http", "database/sql"}},
	"cde/acquirer/iso":       {own: []string{".", "cde/..."}, libraries: []string{"github.com/moov-io/iso8583"}, never: []string{"net/http", "database/sql"}},
	"cde/acquirer/simulator": {own: []string{".", "cde/..."}, libraries: []string{"github.com/moov-io/iso8583", "github.com/tink-crypto"}, never: []string{"net/http", "database/sql"}},

	"cde/threeds":           {own: []string{".", "cde/..."}, libraries: []string{"github.com/go-json-experiment/json"}, never: []string{"database/sql"}},
	"cde/threeds/simulator": {own: []string{".", "cde/...", "pages"}, libraries: []string{"github.com/go-json-experiment/json"}, never: []string{"database/sql"}},

	"pages": {own: []string{"."}, libraries: []string{"github.com/bojanz/currency"}, never: []string{"database/sql", "os", "log", "log/slog"}},

	"dialect/internal/wire": {own: []string{"."}, libraries: []string{"github.com/go-json-experiment/json"}, never: []string{"database/sql"}},
	"dialect/kushki":        {own: []string{".", "gateway", "cde/vault", "dialect/internal/wire", "pages", "receipt"}, libraries: []string{"github.com/go-json-experiment/json"}, never: []string{"database/sql"}},
	"dialect/events":        {own: []string{".", "gateway", "dialect/internal/wire"}, libraries: []string{"github.com/go-json-experiment/json"}, never: []string{"database/sql"}},
	"dialect/monri":         {own: []string{".", "gateway", "cde/vault", "dialect/internal/wire"}, libraries: []string{"github.com/go-json-experiment/json"}, never: []string{"database/sql"}},

	"api":         {libraries: []string{"go.yaml.in/yaml", "github.com/go-json-experiment/json"}},
	"api/apitest": {own: []string{"api"}, libraries: []string{"github.com/pb33f", "go.yaml.in/yaml"}},
	"front":       {libraries: []string{"go.opentelemetry.io"}},
	"telemetry":   {own: []string{"."}, libraries: []string{"github.com/prometheus", "go.opentelemetry.io"}},
	"webhook":     {own: []string{".", "store"}, never: []string{"database/sql", "os"}},
	"jobs":        {libraries: []string{"github.com/riverqueue/river", "github.com/jackc/pgx", "modernc.org/sqlite"}},
	"receipt":     {own: []string{"."}, libraries: []string{"codeberg.org/go-pdf/fpdf", "golang.org/x/text"}, never: []string{"net/http", "database/sql", "os", "log"}},
	"reconcile":   {own: []string{".", "ledger", "store"}, never: []string{"net/http", "database/sql"}},
	"sandbox":     {own: []string{".", "gateway", "cde/acquirer", "cde/acquirer/simulator", "cde/cards"}, libraries: []string{"github.com/go-json-experiment/json"}, never: []string{"database/sql"}},
}

// anyone names the packages that may import everything: the program, and what only tests use.
var anyone = []string{"cmd/pasarela", "dialect/dialecttest", "simulation", "bench", "browser"}

// The walls of ARCHITECTURE.md. It parses the files rather than asking `go list`, whose answer the test cache
// would not notice to have changed.
func TestEveryRoomImportsOnlyWhatItMay(t *testing.T) {
	t.Parallel()
	for dir, imports := range importsByFolder(t) {
		room, known := rooms[dir]
		if slices.Contains(anyone, dir) {
			continue
		}
		if !known {
			t.Errorf("%s is not in the import table: add it to rooms with what it may import", dir)
			continue
		}
		for _, path := range imports {
			switch {
			case path == "pasarela" || strings.HasPrefix(path, "pasarela/"):
				if own := ownFolder(path); !allowed(own, room.own) {
					t.Errorf("%s imports %s: the import table does not allow it", dir, own)
				}
			case strings.Contains(strings.Split(path, "/")[0], "."):
				if !slices.ContainsFunc(room.libraries, func(l string) bool { return strings.HasPrefix(path, l) }) {
					t.Errorf("%s imports the library %s: the import table does not allow it", dir, path)
				}
			case slices.Contains(room.never, path):
				t.Errorf("%s imports %s: this room does no such I/O", dir, path)
			}
		}
	}
}

// Card numbers in clear exist under cde/ only: the compiler keeps others from cde/internal, and nobody but
// the rooms named here may even hold what the vault gives out.
func TestOnlyIntakeRoomsKnowTheCardDataEnvironment(t *testing.T) {
	t.Parallel()
	may := []string{"gateway", "dialect/kushki", "dialect/monri", "sandbox"}
	for dir, imports := range importsByFolder(t) {
		if strings.HasPrefix(dir, "cde/") || slices.Contains(anyone, dir) || slices.Contains(may, dir) {
			continue
		}
		for _, path := range imports {
			if strings.HasPrefix(path, "pasarela/cde") {
				t.Errorf("%s imports %s: only %v may", dir, path, may)
			}
		}
	}
}

// ARCHITECTURE.md names every room, so that its map does not rot.
func TestArchitectureNamesEveryRoom(t *testing.T) {
	t.Parallel()
	text := readText(t, "ARCHITECTURE.md")
	for dir := range importsByFolder(t) {
		if dir != "." && !strings.Contains(text, "`"+dir+"`") {
			t.Errorf("ARCHITECTURE.md does not name `%s`", dir)
		}
	}
}

func allowed(own string, table []string) bool {
	return slices.ContainsFunc(table, func(entry string) bool {
		below, tree := strings.CutSuffix(entry, "/...")
		return own == entry || (tree && strings.HasPrefix(own, below+"/"))
	})
}

func ownFolder(path string) string {
	if path == "pasarela" {
		return "."
	}
	return strings.TrimPrefix(path, "pasarela/")
}

// importsByFolder parses the imports of every Go file that is not a test.
func importsByFolder(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		for _, spec := range file.Imports {
			found[dir] = append(found[dir], strings.Trim(spec.Path.Value, `"`))
		}
		if found[dir] == nil {
			found[dir] = []string{}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
