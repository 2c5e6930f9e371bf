package wire

import (
	"bytes"
	"errors"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pasarela"
)

// MaxDepth is how many levels of objects and arrays a body may have.
const MaxDepth = 32

var strict = json.JoinOptions(
	json.DefaultOptionsV2(),
	jsontext.AllowDuplicateNames(false),
	jsontext.AllowInvalidUTF8(false),
	json.MatchCaseInsensitiveNames(false),
	json.RejectUnknownMembers(false),
)

// Decode reads one JSON object strictly into a struct. Errors are *pasarela.Error with CodeInvalid; what
// they say of a place are names of the struct's members and never anything else of the body.
func Decode(body []byte, into any) error {
	if first(body) != '{' {
		return pasarela.Errorf(pasarela.CodeInvalid, "body is not a JSON object")
	}
	if tooDeep(body) {
		return pasarela.Errorf(pasarela.CodeInvalid, "body has more than %d levels", MaxDepth)
	}
	if hasNUL(body) {
		return pasarela.Errorf(pasarela.CodeInvalid, "body has a NUL character, which no database keeps")
	}
	if err := json.Unmarshal(body, into, strict); err != nil {
		return refuse(err)
	}
	return nil
}

// tooDeep counts levels without checking anything else; what is no JSON is left to the decoder.
func tooDeep(body []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++ // an escaped quotation mark does not end the string
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// hasNUL says whether a text of the body has an escaped NUL. One that is not escaped is no JSON.
func hasNUL(body []byte) bool {
	for i := 0; i < len(body); i++ {
		if body[i] != '\\' {
			continue
		}
		i++ // what follows is escaped, also where it is a backslash
		if bytes.HasPrefix(body[i:], []byte("u0000")) {
			return true
		}
	}
	return false
}

// first is the first byte that is not white space.
func first(body []byte) byte {
	for _, b := range body {
		switch b {
		case ' ', '\t', '\r', '\n':
		default:
			return b
		}
	}
	return 0
}

// refuse says where the body is wrong, where that can be said with words of ours.
func refuse(err error) error {
	if own, ok := errors.AsType[*pasarela.Error](err); ok && own.Code == pasarela.CodeInvalid {
		return pasarela.Errorf(pasarela.CodeInvalid, "body%s: %s", place(err), own.Text)
	}
	if _, ok := errors.AsType[*json.SemanticError](err); ok {
		return pasarela.Errorf(pasarela.CodeInvalid, "body%s: value of the wrong type", place(err))
	}
	return pasarela.Errorf(pasarela.CodeInvalid, "body is not well-formed JSON, or names a member twice")
}

// place is the path to a wrong value. Types with maps could let names of the sender in, so only what looks
// like names of ours goes through.
func place(err error) string {
	semantic, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return ""
	}
	path := string(semantic.JSONPointer)
	foreign := strings.ContainsFunc(path, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '/' && r != '_'
	})
	if path == "" || foreign || len(path) > 80 {
		return ""
	}
	return " at " + path
}
