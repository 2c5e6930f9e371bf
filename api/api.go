package api

import (
	"embed"
	"net/http"
	"strconv"
)

//go:embed kushki.yaml monri.yaml events.yaml sandbox.yaml
var sources embed.FS

//go:embed reference.html style.css
var assets embed.FS

// Documents names the documents, in the order of the reference page.
var Documents = []string{"kushki.yaml", "monri.yaml", "events.yaml", "sandbox.yaml"}

// Source is the text of one of Documents. Another name is an error of the caller's and panics.
func Source(name string) []byte { return read(sources, name) }

// Mount serves the documents under /openapi/, and the reference page at /docs, where /docs/ leads. It panics where the embedded
// documents cannot be rendered, which a test of this package rules out.
func Mount(mux *http.ServeMux) {
	page, err := render()
	if err != nil {
		panic("api: " + err.Error())
	}
	for _, name := range Documents {
		mux.HandleFunc("GET /openapi/"+name, serve("application/yaml; charset=utf-8", Source(name)))
	}
	mux.HandleFunc("GET /docs", serve("text/html; charset=utf-8", page))
	mux.Handle("GET /docs/{$}", http.RedirectHandler("/docs", http.StatusFound))
	mux.HandleFunc("GET /docs/style.css", serve("text/css; charset=utf-8", read(assets, "style.css")))
}

// policy lets the page load its own style and nothing else.
const policy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func serve(contentType string, content []byte) http.HandlerFunc {
	length := strconv.Itoa(len(content))
	return func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", contentType)
		h.Set("Content-Length", length)
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		_, _ = w.Write(content) // a caller that went away can't be told so
	}
}

func read(files embed.FS, name string) []byte {
	content, err := files.ReadFile(name)
	if err != nil {
		panic("api: " + err.Error())
	}
	return content
}
