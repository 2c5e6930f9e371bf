package pages

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed assets
var assetFiles embed.FS

const assetPrefix = "/assets/"

// kinds are the media types of assets by their extension: the machine's own table may say otherwise.
var kinds = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}

// asset is a file as it is served.
type asset struct {
	path string // with the content's hash in its name, so that it may be cached for ever
	kind string
	body []byte
}

// assets by their plain name, and again by the name in their path. Both are made once and never change.
var byName, byPath = loadAssets()

func loadAssets() (names, paths map[string]asset) {
	names, paths = map[string]asset{}, map[string]asset{}
	entries, err := fs.ReadDir(assetFiles, "assets")
	if err != nil {
		panic("pages: " + err.Error()) // embedded: met by every test
	}
	for _, e := range entries {
		body, err := assetFiles.ReadFile("assets/" + e.Name())
		if err != nil {
			panic("pages: " + err.Error())
		}
		sum := sha256.Sum256(body)
		extension := path.Ext(e.Name())
		hashed := strings.TrimSuffix(e.Name(), extension) + "." + hex.EncodeToString(sum[:8]) + extension
		a := asset{path: assetPrefix + hashed, kind: kinds[extension], body: body}
		names[e.Name()], paths[hashed] = a, a
	}
	return names, paths
}

// Asset is the path of an asset by its plain name, such as style.css. One that does not exist is a panic: its
// name stands in a template or in code.
func Asset(name string) string {
	a, ok := byName[name]
	if !ok {
		panic("pages: there is no asset " + name)
	}
	return a.path
}

// Mount serves the assets. Each mux with pages needs it once.
func Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET "+assetPrefix+"{name}", func(w http.ResponseWriter, r *http.Request) {
		a, ok := byPath[r.PathValue("name")]
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		if !ok {
			http.NotFound(w, r)
			return
		}
		h.Set("Content-Type", a.kind)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
		_, _ = w.Write(a.body) // a browser that went away can't be told so
	})
}
