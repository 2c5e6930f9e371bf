package pages

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Language is the primary subtag of a BCP 47 language.
type Language string

// The languages of hosted pages.
const (
	English Language = "en"
	Spanish Language = "es"
)

// maxTags bounds what is read of a list of languages: browsers send fewer.
const maxTags = 20

// Choice is a text, or a table of texts, in each language that a page knows. English must be among them.
type Choice[T any] map[Language]T

// For chooses by the languages that the browser asks for in Accept-Language, then by those given here (tags
// such as es-CL; "" is passed over), then English.
func (c Choice[T]) For(r *http.Request, otherwise ...string) (Language, T) {
	tags := append(acceptable(r.Header.Values("Accept-Language")), otherwise...)
	for _, tag := range tags {
		l := primary(tag)
		if text, ok := c[l]; ok {
			return l, text
		}
	}
	return English, c[English]
}

// In is the text in a language, or in English where it has none.
func (c Choice[T]) In(l Language) T {
	if text, ok := c[l]; ok {
		return text
	}
	return c[English]
}

func primary(tag string) Language {
	first, _, _ := strings.Cut(strings.TrimSpace(tag), "-")
	return Language(strings.ToLower(first))
}

// acceptable lists the tags of Accept-Language, the most wanted first, without those that are refused.
func acceptable(headers []string) []string {
	type wish struct {
		tag    string
		weight float64
	}
	var wishes []wish
	for part := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		tag, parameter, _ := strings.Cut(part, ";")
		weight := 1.0
		if q, ok := strings.CutPrefix(strings.TrimSpace(parameter), "q="); ok {
			read, err := strconv.ParseFloat(q, 64)
			if err != nil || !(read > 0) { // also what is no number
				continue
			}
			weight = read
		}
		if wishes = append(wishes, wish{strings.TrimSpace(tag), weight}); len(wishes) == maxTags {
			break
		}
	}
	slices.SortStableFunc(wishes, func(a, b wish) int {
		switch {
		case a.weight > b.weight:
			return -1
		case a.weight < b.weight:
			return 1
		}
		return 0
	})
	tags := make([]string, len(wishes))
	for i, w := range wishes {
		tags[i] = w.tag
	}
	return tags
}
