// Package pages is what all hosted pages share: a layout, a stylesheet, small scripts, the choice of a language,
// and headers that keep a page from being framed, sniffed, cached or scripted by others.
//
//	pages.go      a set of pages, rendered inside the layout
//	security.go   the headers
//	language.go   which language a cardholder reads
//	assets.go     stylesheet and scripts, served below /assets/ under names that change with their content
//	amount.go     an amount as a reader of a language writes it
//
// A package with pages of its own embeds its templates, one file for each page with what goes between the
// layout's header and footer, and parses them once:
//
//	//go:embed *.html
//	var files embed.FS
//	var set = pages.MustParse(files, "*.html")
//	var texts = pages.Choice[words]{pages.Spanish: {...}, pages.English: {...}}
//
//	language, t := texts.For(r)
//	err := set.Render(w, pages.Page{Name: "challenge.html", Language: language, Title: t.Title, Data: view})
//
// Pages work without JavaScript; a script may only make them quicker to use. There are no inline scripts or
// styles: the policy refuses them. Whoever serves pages mounts the assets once (Mount). The classes that
// templates may use stand at the head of assets/style.css.
package pages
