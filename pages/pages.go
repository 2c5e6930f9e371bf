package pages

import (
	"bytes"
	_ "embed" // layout.html
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
)

//go:embed layout.html
var layout string

// Set is a package's pages, each inside the layout. It is safe for concurrent use.
type Set struct{ pages map[string]*template.Template }

// Page is one answer to a browser.
type Page struct {
	Name     string // template's file name, such as challenge.html
	Status   int    // 0 is 200
	Language Language
	Title    string // of the window, and the page's heading
	Heading  string // in place of Title where the page says it otherwise
	Site     string // who speaks, above the heading: a merchant's or bank's name, "" for nobody
	Notice   string // above all else, such as that this is a simulator; "" for none
	Script   string // name of a script among the assets, "" for none
	Security Options
	Data     any // what the template sees as its dot
}

// MustParse reads the templates that the patterns match, as template.ParseFS does. Templates come with the
// program, so one that is malformed is a panic at its start.
func MustParse(files fs.FS, patterns ...string) *Set {
	s := &Set{pages: map[string]*template.Template{}}
	for _, pattern := range patterns {
		names, err := fs.Glob(files, pattern)
		if err != nil || len(names) == 0 {
			panic(fmt.Sprintf("pages: no template matches %q", pattern))
		}
		for _, name := range names {
			s.pages[name] = parse(files, name)
		}
	}
	return s
}

func parse(files fs.FS, name string) *template.Template {
	body, err := fs.ReadFile(files, name)
	if err != nil {
		panic("pages: " + err.Error())
	}
	t := template.New("layout").Funcs(template.FuncMap{"asset": Asset})
	template.Must(t.Parse(layout))
	template.Must(t.New("body").Parse(string(body)))
	return t
}

// Render answers with a page: the headers of Security, the status, and the page. A page that can't be made is
// answered 500 without a word of why, which is the error's: it may go to a log, which is the caller's.
func (s *Set) Render(w http.ResponseWriter, p Page) error {
	t, ok := s.pages[p.Name]
	if !ok {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return fmt.Errorf("pages: there is no page %q", p.Name)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, p); err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return fmt.Errorf("pages: %s: %w", p.Name, err)
	}
	Security(w, p.Security)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(p.Language))
	h.Add("Vary", "Accept-Language")
	h.Set("Content-Length", strconv.Itoa(out.Len()))
	if p.Status == 0 {
		p.Status = http.StatusOK
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(out.Bytes()) // a browser that went away can't be told so
	return nil
}
