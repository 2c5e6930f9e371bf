package apitest

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pb33f/libopenapi"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/schema_validation"
	"github.com/pb33f/libopenapi/datamodel/high/base"

	"pasarela/api"
)

// Notice says which of a document's webhooks describes what the gateway sends: there has to be one, and only one. It is
// safe for concurrent use.
func Notice(document string, body []byte) (name string, err error) {
	hooks, err := webhooks(document)
	if err != nil {
		return "", err
	}
	one.Lock()
	defer one.Unlock()
	var fit, wrong []string
	for _, h := range hooks {
		if ok, found := schemas.ValidateSchemaBytes(h.body, body); ok {
			fit = append(fit, h.name)
		} else {
			wrong = append(wrong, h.name+":\n"+strings.Join(explain("notification", found), "\n"))
		}
	}
	switch len(fit) {
	case 1:
		return fit[0], nil
	case 0:
		return "", fmt.Errorf("no webhook of %s describes the notification:\n%s", document, strings.Join(wrong, "\n"))
	default:
		return "", fmt.Errorf("webhooks %v of %s describe the same notification", fit, document)
	}
}

// Webhooks names those of a document, in its order.
func Webhooks(document string) ([]string, error) {
	hooks, err := webhooks(document)
	var names []string
	for _, h := range hooks {
		names = append(names, h.name)
	}
	return names, err
}

// schemas keeps what it has compiled. It is guarded by one.
var schemas = schema_validation.NewSchemaValidator(config.WithFormatAssertions())

// hook is a webhook with the schema of its body.
type hook struct {
	name string
	body *base.Schema
}

var read sync.Map // document's name to func() ([]hook, error)

func webhooks(document string) ([]hook, error) {
	if !slices.Contains(api.Documents, document) {
		return nil, fmt.Errorf("there is no document %s", document)
	}
	f, _ := read.LoadOrStore(document, sync.OnceValues(func() ([]hook, error) { return readWebhooks(document) }))
	return f.(func() ([]hook, error))()
}

func readWebhooks(document string) ([]hook, error) {
	d, err := libopenapi.NewDocument(api.Source(document))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", document, err)
	}
	model, err := d.BuildV3Model()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", document, err)
	}
	var all []hook
	for name, item := range model.Model.Webhooks.FromOldest() {
		media := item.Post.RequestBody.Content.GetOrZero("application/json")
		if media == nil {
			return nil, fmt.Errorf("%s: webhook %s sends no JSON", document, name)
		}
		all = append(all, hook{name, media.Schema.Schema()})
	}
	return all, nil
}
