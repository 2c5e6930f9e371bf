package apitest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	problems "github.com/pb33f/libopenapi-validator/errors"
	"github.com/pb33f/libopenapi-validator/helpers"

	"pasarela/api"
)

// ErrNotDescribed says that no document has such an operation.
var ErrNotDescribed = errors.New("no document describes this operation")

// Exchange is one request and its answer, with their bodies.
type Exchange struct {
	Method string
	Target string // path and query, as sent
	Header http.Header
	Body   []byte

	Status       int
	AnswerHeader http.Header
	Answer       []byte
}

// one validates at a time: the validator renders the schemas that operations share, and writes to them as it does.
var one sync.Mutex

// prefixes says by which document a path is described; the first that fits counts.
var prefixes = []struct{ path, document string }{
	{"/sandbox/v1/", "sandbox.yaml"},
	{"/v1/events", "events.yaml"},
	{"/v2/", "monri.yaml"},
	{"/", "kushki.yaml"},
}

// Check returns what is wrong with an exchange, or nil. For one that no document describes it returns
// ErrNotDescribed. It is safe for concurrent use.
func Check(e Exchange) error {
	request, err := e.request()
	if err != nil {
		return err
	}
	v, err := documentFor(request.URL.Path)
	if err != nil {
		return err
	}
	response := &http.Response{StatusCode: e.Status, Header: e.AnswerHeader, Request: request,
		Body: io.NopCloser(bytes.NewReader(e.Answer)), ContentLength: int64(len(e.Answer))}
	if response.Header == nil {
		response.Header = http.Header{}
	}
	one.Lock()
	defer one.Unlock()
	_, found := v.ValidateHttpResponse(request, response)
	if undescribed(found) {
		return fmt.Errorf("%s %s: %w", e.Method, e.Target, ErrNotDescribed)
	}
	all := explain("answer", found)
	if e.Status < http.StatusBadRequest {
		if request, err = e.request(); err != nil {
			return err
		}
		_, found = v.ValidateHttpRequestSync(request)
		all = append(all, explain("request", slices.DeleteFunc(found, e.mayBeEmpty))...)
	}
	if len(all) == 0 {
		return nil
	}
	return fmt.Errorf("%s %s (%d) is not as described:\n%s", e.Method, e.Target, e.Status, strings.Join(all, "\n"))
}

// mayBeEmpty takes back what the validator says of a body that was left out where the documents let it be: it
// does not look at requestBody.required. All bodies of DELETE are such.
func (e Exchange) mayBeEmpty(found *problems.ValidationError) bool {
	return len(e.Body) == 0 && e.Method == http.MethodDelete && found.ValidationType == helpers.RequestBodyValidation
}

// request is built anew for each reading of its body.
func (e Exchange) request() (*http.Request, error) {
	r, err := http.NewRequest(e.Method, "http://gateway.test"+e.Target, bytes.NewReader(e.Body))
	if err != nil {
		return nil, err
	}
	if e.Header != nil {
		r.Header = e.Header.Clone()
	}
	if len(e.Body) == 0 {
		r.Body, r.ContentLength = http.NoBody, 0
	} else if r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json") // the gateway reads a body as JSON whatever it is called
	}
	return r, nil
}

func documentFor(target string) (validator.Validator, error) {
	if target != path.Clean(target) { // the validator would take it for what it cleans to, the gateway does not
		return nil, ErrNotDescribed
	}
	for _, p := range prefixes {
		if strings.HasPrefix(target, p.path) {
			return loaded[p.document]()
		}
	}
	return nil, ErrNotDescribed
}

// loaded builds each document's validator when it is first needed.
var loaded = func() map[string]func() (validator.Validator, error) {
	all := map[string]func() (validator.Validator, error){}
	for _, name := range api.Documents {
		all[name] = sync.OnceValues(func() (validator.Validator, error) { return load(name) })
	}
	return all
}()

func load(name string) (validator.Validator, error) {
	d, err := libopenapi.NewDocument(api.Source(name))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	v, errs := validator.NewValidator(d, config.WithFormatAssertions())
	if len(errs) > 0 {
		return nil, fmt.Errorf("%s: %w", name, errors.Join(errs...))
	}
	return v, nil
}

// CheckDocuments returns what is wrong with the documents themselves, by the schema of OpenAPI 3.1.
func CheckDocuments() error {
	for _, name := range api.Documents {
		v, err := loaded[name]()
		if err != nil {
			return err
		}
		if _, found := v.ValidateDocument(); len(found) > 0 {
			return fmt.Errorf("%s:\n%s", name, strings.Join(explain("document", found), "\n"))
		}
	}
	return nil
}

func undescribed(found []*problems.ValidationError) bool {
	for _, f := range found {
		if f.IsPathMissingError() || f.IsOperationMissingError() {
			return true
		}
	}
	return false
}

// explain says what is wrong and where, without the values: they may be credentials or cards.
func explain(what string, found []*problems.ValidationError) []string {
	var all []string
	for _, f := range found {
		all = append(all, what+": "+f.Message)
		for _, s := range f.SchemaValidationErrors {
			all = append(all, fmt.Sprintf("  %s at /%s (%s)", s.Reason, strings.Join(s.InstancePath, "/"), s.KeywordLocation))
		}
	}
	return all
}
