package browser_test

import (
	"github.com/chromedp/chromedp"
)

// flaws lists what is wrong with a page's markup and layout, on a phone.
const flaws = `(() => {
	const found = [];
	const flaw = (bad, text) => bad && found.push(text);
	const shown = (e) => e.getClientRects().length > 0;
	flaw(!document.title.trim(), "there is no title");
	flaw(!/^(es|en)$/.test(document.documentElement.lang), "the language is " + document.documentElement.lang);
	flaw(document.querySelectorAll("main").length !== 1, "there is not one main");
	flaw(document.querySelectorAll("h1").length !== 1, "there is not one h1");
	flaw(!document.querySelector("meta[name=viewport]"), "there is no viewport");
	flaw(document.documentElement.scrollWidth > document.documentElement.clientWidth, "it scrolls sideways");
	flaw(getComputedStyle(document.body).fontFamily.startsWith('"Times'), "the stylesheet is missing");
	for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
		flaw(![...e.labels].some((l) => l.textContent.trim()), e.name + " has no label");
		const about = (e.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean);
		for (const id of about) flaw(!document.getElementById(id)?.textContent.trim(), e.name + " is described by " + id + ", which is not there");
	}
	for (const e of document.querySelectorAll("button, a[href]")) {
		flaw(!(e.getAttribute("aria-label") ?? e.textContent).trim(), "there is a " + e.localName + " without words");
	}
	for (const e of document.querySelectorAll("button, input:not([type=hidden]), select")) {
		flaw(shown(e) && e.getBoundingClientRect().height < 44, (e.name || e.textContent) + " is too low for a thumb");
	}
	for (const e of document.querySelectorAll("img")) flaw(!e.hasAttribute("alt"), e.src + " has no text");
	return found;
})()`

// reached are the things of a page that the Tab key has to get to.
const reached = `[...document.querySelectorAll("a[href], button, input:not([type=hidden]), select")].filter((e) => e.getClientRects().length && !e.disabled).length`

// focused says what has the focus, and whether that can be seen.
const focused = `(() => {
	const e = document.activeElement;
	if (!e || e === document.body) return { name: "" };
	const style = getComputedStyle(e);
	const seen = e.matches(":focus-visible") && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
	return { name: e.id || e.name || e.textContent.trim(), seen };
})()`

// wellMade holds the newest page of an origin to what every page of the gateway owes those who read it on a phone, by
// ear, or without a mouse.
func (b *tab) wellMade(origin string) {
	b.t.Helper()
	b.await(origin, "document.readyState === 'complete'")
	for _, flaw := range must[[]string](b, origin, flaws) {
		b.t.Errorf("%s: %s", must[string](b, origin, "document.title"), flaw)
	}
	names := map[string]bool{}
	for range must[int](b, origin, reached) + 1 { // one more: the way round leads through the browser's own
		b.do(chromedp.KeyEvent("\t"))
		got := must[object](b, origin, focused)
		name := got.text("name")
		if name == "" {
			continue
		}
		names[name] = true
		if got["seen"] != true {
			b.t.Errorf("%s: nobody can see that %q has the focus", must[string](b, origin, "document.title"), name)
		}
	}
	if want := must[int](b, origin, reached); len(names) < want {
		b.t.Errorf("%s: the Tab key gets to %v only, of %d", must[string](b, origin, "document.title"), names, want)
	}
}
