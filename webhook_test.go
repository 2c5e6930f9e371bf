package pasarela

import (
	"strings"
	"testing"
)

// A registration that could not be served is refused when it is made, not when there is something to tell. Names of
// events are the merchant's own business.
func TestRegistrationsThatCannotBeServedAreRefused(t *testing.T) {
	t.Parallel()
	address := func(u string) WebhookEndpoint { return WebhookEndpoint{URLs: []string{u}} }
	header := func(label, value string) WebhookEndpoint {
		return WebhookEndpoint{URLs: []string{"https://shop.example"}, Headers: []WebhookHeader{{label, value}}}
	}
	many := func(n int) (w WebhookEndpoint) {
		for range n {
			w.URLs = append(w.URLs, "https://shop.example")
			w.Headers = append(w.Headers, WebhookHeader{"X-Shop", "1"}, WebhookHeader{"X-Shop", "2"})
			w.Events = append(w.Events, strings.Fields("a b c d e")...)
		}
		return w
	}
	for _, c := range []struct {
		name  string
		w     WebhookEndpoint
		taken bool
	}{
		{"one address", address("https://shop.example/hooks?shop=881#x"), true},
		{"without TLS, by number and port", address("http://127.0.0.1:8080/hook"), true},
		{"an address as long as may be", address("https://shop.example/" + strings.Repeat("a", 2048-21)), true},
		{"too long", address("https://shop.example/" + strings.Repeat("a", 2048-20)), false},
		{"none", WebhookEndpoint{}, false},
		{"empty", address(""), false},
		{"without a host", address("https:///hook"), false},
		{"relative", address("/hook"), false},
		{"another scheme", address("file:///etc/passwd"), false},
		{"user and password", address("https://shop@evil.example"), false},
		{"as many as may be", many(10), true},
		{"too many", many(11), false},
		{"unknown event", WebhookEndpoint{URLs: []string{"https://shop.example"}, Events: []string{"unheard_of", ""}}, true},
		{"an endless event", WebhookEndpoint{URLs: []string{"https://shop.example"}, Events: []string{strings.Repeat("a", 65)}}, false},
		{"header", header("X-Shop", "881 ñ\t;"), true},
		{"header without a value", header("X-Shop", ""), true},
		{"the merchant's own kind of content", header("content-type", "text/plain"), true},
		{"without a name", header("", "881"), false},
		{"a name with a space", header("X Shop", "881"), false},
		{"a name in other letters", header("X-Ñandú", "881"), false},
		{"a line end in the name", header("X-Shop\r\nHost", "elsewhere"), false},
		{"a line end in the value", header("X-Shop", "881\r\nHost: elsewhere"), false},
		{"an endless value", header("X-Shop", strings.Repeat("a", 1025)), false},
		{"host", header("Host", "elsewhere"), false},
		{"length", header("content-LENGTH", "1"), false},
		{"hop by hop", header("Connection", "close"), false},
		{"proxy", header("Proxy-Authorization", "Basic eA=="), false},
		{"signature", header("x-kushki-signature", "0"), false},
		{"credential by which a notification would be a request of the merchant's own", header("private-MERCHANT-id", "881"), false},
		{"public credential", header("Public-Merchant-Id", "881"), false},
		{"signature of our own events", header("Webhook-Signature", "v1,"), false},
	} {
		if err := c.w.Check(); (err == nil) != c.taken || err != nil && CodeOf(err) != CodeInvalid {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
