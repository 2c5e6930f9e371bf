package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"time"

	"pasarela"
	"pasarela/cde/cards"
	"pasarela/store"
)

type binsCommand struct {
	Import binsImport `cmd:"" help:"Replace the table of card ranges by a CSV file with the header start,end,brand,type,bank,country,enabled. Running gateways pick it up within ten seconds. A file with an error is refused as a whole: exit 1 with a list. Example: pasarela bins import ranges.csv --data ./pasarela-data"`
	List   binsList   `cmd:"" help:"Print the imported table as CSV, in the form that import takes. Example: pasarela bins list 4000 --json"`
	Show   binsShow   `cmd:"" help:"Print what is known of the cards whose numbers begin with a prefix. Example: pasarela bins show 54519515"`
}

type binsImport struct {
	keyed        // so that it takes the flags of the gateway; it opens nothing that is sealed
	File  string `arg:"" help:"CSV file, or - for standard input."`
}

// Run implements the command: exit status 1 when the file has errors, 2 when it cannot be read or kept.
func (c *binsImport) Run(ctx context.Context) (err error) {
	s, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	table, err := c.read()
	if pasarela.CodeOf(err) == pasarela.CodeInvalid {
		fmt.Fprintf(os.Stderr, "%s\nNothing was imported: mend the file and import it again.\n", err)
		return exit(1)
	}
	if err != nil {
		return err
	}
	version, err := c.put(ctx, s, table)
	if err != nil {
		return err
	}
	fmt.Printf("%d ranges imported as version %d. Running gateways pick them up within ten seconds.\n", table.Len(), version)
	return nil
}

func (c *binsImport) read() (_ *cards.BINs, err error) {
	var from io.Reader = os.Stdin
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return nil, err
		}
		defer f.Close() // was only read
		from = f
	}
	return cards.ReadBINs(from, func(rows int) { fmt.Fprintf(os.Stderr, "%d ranges read\n", rows) })
}

func (c *binsImport) put(ctx context.Context, s store.BINFiles, table *cards.BINs) (int, error) {
	data, err := table.Encode()
	if err != nil {
		return 0, err
	}
	before, err := s.BINFileVersion(ctx)
	if err != nil {
		return 0, err
	}
	f := pasarela.BINFile{Version: before + 1, Ranges: table.Len(), Data: data, ImportedAt: pasarela.SystemClock{}.Now()}
	err = s.PutBINFile(ctx, f)
	if errors.Is(err, store.ErrDuplicate) {
		return 0, errors.New("somebody else imported a table at the same time: look at it with `pasarela bins list`, and import again if yours is to stand")
	}
	return f.Version, err
}

// importedBINs is the table that stands, and the file it comes from; where none was imported both are empty.
func importedBINs(ctx context.Context, s store.BINFiles) (*cards.BINs, pasarela.BINFile, error) {
	f, err := s.BINFile(ctx)
	if pasarela.CodeOf(err) == pasarela.CodeNotFound {
		return nil, pasarela.BINFile{}, nil
	}
	if err != nil {
		return nil, pasarela.BINFile{}, err
	}
	table, err := cards.DecodeBINs(f.Data)
	return table, f, err
}

type binsList struct {
	keyed
	Prefix string `arg:"" optional:"" help:"Only the ranges that have numbers with this prefix, 6 to 11 digits."`
	JSON   bool   `name:"json" help:"Print the table and its version as JSON."`
}

// rangeJSON is a range as --json prints it.
type rangeJSON struct {
	Start   string            `json:"start"`
	End     string            `json:"end"`
	Brand   pasarela.Brand    `json:"brand"`
	Type    pasarela.CardType `json:"type"`
	Bank    string            `json:"bank"`
	Country string            `json:"country"`
	Enabled bool              `json:"enabled"`
}

// Run implements the command.
func (c *binsList) Run(ctx context.Context) (err error) {
	s, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	table, file, err := importedBINs(ctx, s)
	if err != nil {
		return err
	}
	ranges, err := table.Touching(c.Prefix)
	if err != nil {
		return err
	}
	list := make([]rangeJSON, 0, 16)
	for r := range ranges {
		list = append(list, rangeJSON{r.Start, r.End, r.Brand, r.Type, r.Bank, r.Country, r.Enabled})
	}
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", " ")
		return out.Encode(struct {
			Version    int         `json:"version"`
			ImportedAt *time.Time  `json:"imported_at"` // null where nothing was imported
			Total      int         `json:"total"`
			Ranges     []rangeJSON `json:"ranges"`
		}{file.Version, when(file.ImportedAt), file.Ranges, list})
	}
	if file.Version == 0 {
		fmt.Fprintln(os.Stderr, "No table was imported yet: pasarela bins import FILE")
	}
	return writeRanges(list)
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func writeRanges(list []rangeJSON) error {
	out := csv.NewWriter(os.Stdout)
	err := out.Write(cards.BINColumns)
	for _, r := range list {
		err = errors.Join(err, out.Write([]string{r.Start, r.End, string(r.Brand), string(r.Type), r.Bank, r.Country, strconv.FormatBool(r.Enabled)}))
	}
	out.Flush()
	return errors.Join(err, out.Error())
}

type binsShow struct {
	keyed
	Prefix string `arg:"" help:"6 to 11 leading digits of a card number."`
	JSON   bool   `name:"json" help:"Print it as JSON."`
}

// Run implements the command.
func (c *binsShow) Run(ctx context.Context) (err error) {
	s, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	imported, file, err := importedBINs(ctx, s)
	if err != nil {
		return err
	}
	table, err := c.cards()
	if err != nil {
		return err
	}
	table.UseBINs(imported)
	p, source, err := table.LookUpBIN(c.Prefix)
	if err != nil {
		return err
	}
	known := string(source)
	if source == cards.SourceImported {
		known += " " + strconv.Itoa(file.Version)
	}
	return c.print(p, known)
}

// cards are those of the folder's sandbox, where it has one.
func (p place) cards() (*cards.Table, error) {
	if _, err := os.Stat(p.issuer()); err != nil {
		return cards.Bare(), nil
	}
	return cards.Open(p.issuer())
}

func (c *binsShow) print(p pasarela.CardProfile, source string) error {
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", " ")
		return out.Encode(struct {
			Prefix      string            `json:"prefix"`
			Brand       pasarela.Brand    `json:"brand"`
			Type        pasarela.CardType `json:"type"`
			Bank        string            `json:"bank"`
			Country     string            `json:"country"`
			CountryName string            `json:"country_name"`
			Enabled     bool              `json:"enabled"`
			Source      string            `json:"source"`
		}{c.Prefix, p.Brand, p.Type, p.Bank, p.Country, cards.CountryName(p.Country), !p.NotEnabled, source})
	}
	enabled := "yes"
	if p.NotEnabled {
		enabled = "no"
	}
	for _, line := range [][2]string{{"prefix", c.Prefix}, {"brand", string(p.Brand)}, {"type", string(p.Type)}, {"bank", orUnknown(p.Bank)},
		{"country", orUnknown(cards.CountryName(p.Country))}, {"enabled", enabled}, {"known by", source}} {
		fmt.Printf("%-9s %s\n", line[0], line[1])
	}
	return nil
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// refreshBINs puts to use the table of card ranges that stands in the store. One that cannot be read leaves the
// one before in use.
func (n *node) refreshBINs(ctx context.Context) error {
	version, err := n.store.BINFileVersion(ctx)
	if err != nil || version == n.binVersion {
		return err
	}
	table, file, err := importedBINs(ctx, n.store)
	if err != nil {
		return err
	}
	n.cards.UseBINs(table)
	n.binVersion = file.Version
	n.log.LogAttrs(ctx, slog.LevelInfo, "card ranges are in use", slog.Int("version", file.Version), slog.Int("ranges", file.Ranges))
	return nil
}
