package main_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	binHeader = "start,end,brand,type,bank,country,enabled\n"
	inUse     = "card ranges are in use"
)

// importBINs imports a table from standard input.
func (w *world) importBINs(rows string) ran {
	w.t.Helper()
	return runWith(w.t, nil, binHeader+rows, append([]string{"bins", "import", "-"}, w.place...)...)
}

// known is what `bins show --json` prints.
type known struct {
	Brand, Type, Bank, Country string
	CountryName                string `json:"country_name"`
	Enabled                    bool
	Source                     string
}

func (w *world) showBIN(prefix string) (k known) {
	w.t.Helper()
	r := w.pasarela("bins", "show", prefix, "--json").must(w.t)
	if err := json.Unmarshal([]byte(r.out), &k); err != nil {
		w.t.Fatalf("%v in %s", err, r.out)
	}
	return k
}

// A running gateway picks up an imported table by itself, and one that starts has it at once.
func TestGatewayPicksUpImportedRanges(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		w.start()
		ask := func() answer {
			s := w.shop("EC")
			return s.call("POST", "/card/v1/tokens", s.tokenBody(approves, "10"), "Public-Merchant-Id", s.public)
		}
		ask().must(t, http.StatusCreated)
		r := w.importBINs("545195,545195,mastercard,debit,Banco Propio,EC,false\n").must(t)
		if !strings.Contains(r.out, "1 ranges imported as version 1") {
			t.Errorf("import says %q", r.out)
		}
		w.running().says(w.running().err, inUse)
		refused := func(when string) {
			t.Helper()
			if a := ask(); a.member("code") != "K003" {
				t.Errorf("%s the token of a range that is not enabled was answered %d %s", when, a.status, a.body)
			}
		}
		refused("running")
		w.stop()
		w.start()
		refused("started again")
	})
}

// What was imported can be looked at, whole or by a prefix, and imported again as it is printed.
func TestBINsListAndShow(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		w.start()
		if r := w.pasarela("bins", "list").must(t); r.out != binHeader || !strings.Contains(r.err, "No table") {
			t.Errorf("before an import list prints %q and says %q", r.out, r.err)
		}
		if k := w.showBIN("400004"); k.Country != "PE" || k.Type != "credit" || k.Source != "test ranges" || !k.Enabled {
			t.Errorf("a published range is %+v", k)
		}
		const rows = "400000,400099,visa,credit,\"Banco Uno, S.A.\",PE,true\n40000412,40000412,visa,prepaid,Banco Dos,CL,false\n"
		w.importBINs(rows).must(t)
		file := filepath.Join(t.TempDir(), "ranges.csv")
		listed := w.pasarela("bins", "list").must(t).out
		if listed != binHeader+rows {
			t.Errorf("list prints %q", listed)
		}
		if err := os.WriteFile(file, []byte(listed), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := w.pasarela("bins", "import", file).must(t); !strings.Contains(r.out, "version 2") {
			t.Errorf("the second import says %q", r.out)
		}
		if k := w.showBIN("40000412"); k != (known{"visa", "prepaid", "Banco Dos", "CL", "Chile", false, "imported table 2"}) {
			t.Errorf("shows %+v", k)
		}
		if r := w.pasarela("bins", "show", "40000412").must(t); !strings.Contains(r.out, "bank      Banco Dos\n") || !strings.Contains(r.out, "enabled   no\n") {
			t.Errorf("show prints %q", r.out)
		}
		var list struct {
			Version, Total int
			Ranges         []struct{ Start, Bank string }
		}
		r := w.pasarela("bins", "list", "40000499", "--json").must(t)
		if err := json.Unmarshal([]byte(r.out), &list); err != nil || list.Version != 2 || list.Total != 2 || len(list.Ranges) != 1 || list.Ranges[0].Bank != "Banco Uno, S.A." {
			t.Errorf("list by prefix prints %s (%v)", r.out, err)
		}
		if r := w.pasarela("bins", "show", "4000"); r.code != 2 || !strings.Contains(r.err, "6 to 11 digits") {
			t.Errorf("a short prefix: exit status %d, said %q", r.code, r.err)
		}
	})
}

// A file with errors changes nothing: exit status 1, and a line for each error. What cannot be read is exit status 2.
func TestBINsImportRefusesAFileAsAWhole(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		w.pasarela("migrate").must(t)
		w.importBINs("450000,450000,visa,credit,Banco Uno,PE,true\n").must(t)
		r := w.importBINs("460000,460000,visa,credit,Banco Dos,PE,true\n460001,460001,visa,charge,Banco Dos,Peru,true\n")
		if r.code != 1 || !strings.Contains(r.err, "line 3, column type: ") || !strings.Contains(r.err, "line 3, column country: ") || !strings.Contains(r.err, "Nothing was imported") {
			t.Errorf("exit status %d, said %q", r.code, r.err)
		}
		if listed := w.pasarela("bins", "list").must(t).out; !strings.Contains(listed, "Banco Uno") || strings.Contains(listed, "Banco Dos") {
			t.Errorf("afterwards the table is %q", listed)
		}
		if r := w.pasarela("bins", "import", filepath.Join(t.TempDir(), "none.csv")); r.code != 2 || !strings.Contains(r.err, "none.csv") {
			t.Errorf("a file that is not there: exit status %d, said %q", r.code, r.err)
		}
	})
}
