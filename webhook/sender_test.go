package webhook_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pasarela"
	"pasarela/webhook"
)

// raw is a receiver that speaks whatever it likes, once the request's head and body were read.
func raw(t *testing.T, speak func(c net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if q, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					_, _ = io.Copy(io.Discard, q.Body)
					speak(c)
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// say sends a text over and over until the other end has had enough.
func say(again string) func(net.Conn) {
	return func(c net.Conn) {
		for {
			if _, err := io.WriteString(c, again); err != nil {
				return
			}
		}
	}
}

func once(text string) func(net.Conn) {
	return func(c net.Conn) { _, _ = io.WriteString(c, text) }
}

// silence answers nothing until the other end goes away.
func silence(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

func then(steps ...func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		for _, step := range steps {
			step(c)
		}
	}
}

// A receiver may do what it wants: the attempt ends, is told for what it was, and keeps at most a kilobyte.
func TestReceiversThatLie(t *testing.T) {
	t.Parallel()
	const late = "no answer in time"
	for name, c := range map[string]struct {
		speaks  func(net.Conn)
		outcome webhook.Outcome
		status  int
		body    string // how the kept answer begins
		error   string
		stops   bool // in the middle of its answer
	}{
		"says nothing":                  {silence, webhook.OutcomeUnanswered, 0, "", late, false},
		"closes":                        {once(""), webhook.OutcomeUnanswered, 0, "", "connection broke", false},
		"closes within the status line": {once("HTTP/1.1 20"), webhook.OutcomeUnanswered, 0, "", "connection broke", false},
		"stops within the headers":      {then(once("HTTP/1.1 200 OK\r\nA: b\r\n"), silence), webhook.OutcomeUnanswered, 0, "", late, false},
		"speaks no HTTP":                {once("220 mail.example ESMTP 4111111111111111\r\n"), webhook.OutcomeUnanswered, 0, "", "no HTTP answer", false},
		"endless headers":               {then(once("HTTP/1.1 200 OK\r\n"), say("A: bbbbbbbbbbbbbbbb\r\n")), webhook.OutcomeUnanswered, 0, "", "connection broke", false},
		"endless header":                {then(once("HTTP/1.1 200 OK\r\nA: "), say("bbbbbbbbbbbbbbbb")), webhook.OutcomeUnanswered, 0, "", "connection broke", false},
		"endless interim answers":       {say("HTTP/1.1 103 Early Hints\r\n\r\n"), webhook.OutcomeUnanswered, 0, "", "", false},
		"endless body":                  {then(once("HTTP/1.1 200 OK\r\n\r\n"), say("body ")), webhook.OutcomeDelivered, 200, "body body", "", false},
		"body of a terabyte, not sent":  {then(once("HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\nok"), silence), webhook.OutcomeDelivered, 200, "ok", "", true},
		"body that breaks off":          {once("HTTP/1.1 500 Oops\r\nContent-Length: 10\r\n\r\nhalf"), webhook.OutcomeRejected, 500, "half", "", false},
		"chunks that are none":          {once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), webhook.OutcomeDelivered, 200, "", "", false},
		"switches protocols":            {once("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"), webhook.OutcomeRejected, 101, "", "", false},
		"no content":                    {once("HTTP/1.1 204 No Content\r\n\r\n"), webhook.OutcomeDelivered, 204, "", "", false},
		"redirects":                     {once("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"), webhook.OutcomeRejected, 302, "", "", false},
		"redirects by method kept":      {once("HTTP/1.1 307 Temporary Redirect\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"), webhook.OutcomeRejected, 307, "", "", false},
		"gives the card back":           {once("HTTP/1.1 400 Bad\r\n\r\n{\"card\":\"4111111111111111\"}"), webhook.OutcomeRejected, 400, "{\"card\":\"****\"}", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			timeout := patience
			switch {
			case c.error == late:
				timeout = 100 * time.Millisecond
			case c.stops:
				timeout = webhook.SendTimeout
			}
			s := newSender(t, webhook.SenderConfig{AllowPrivate: true, Timeout: timeout, Mask: mask})
			a := s.Send(t.Context(), pasarela.Delivery{URL: raw(t, c.speaks), Body: []byte("{}")}, nil)
			if a.Outcome != c.outcome || a.Status != c.status {
				t.Errorf("%s with status %d and %q, want %s with %d", a.Outcome, a.Status, a.Error, c.outcome, c.status)
			}
			if !strings.HasPrefix(string(a.Body), c.body) || len(a.Body) > 1024 || !strings.Contains(a.Error, c.error) {
				t.Errorf("kept %q with %q, want %q with %q", a.Body, a.Error, c.body, c.error)
			}
			if strings.Contains(a.Error+string(a.Body), "4111111111111111") {
				t.Error("a card number was kept")
			}
		})
	}
}

func mask(text []byte) []byte {
	return bytes.ReplaceAll(text, []byte("4111111111111111"), []byte("****"))
}

// A card number that lies across the end of what is kept is masked as well.
func TestCardNumberAtTheCut(t *testing.T) {
	t.Parallel()
	s := newSender(t, webhook.SenderConfig{AllowPrivate: true, Mask: mask})
	at := raw(t, once("HTTP/1.1 200 OK\r\n\r\n"+strings.Repeat("x", 1010)+"4111111111111111"))
	if a := s.Send(t.Context(), pasarela.Delivery{URL: at}, nil); bytes.Contains(a.Body, []byte("4111")) || a.Status != 200 {
		t.Errorf("kept %q", a.Body)
	}
}

// The merchant's own headers travel, but for those that are the connection's or ours, and those that cannot.
func TestHeaders(t *testing.T) {
	t.Parallel()
	var got atomic.Pointer[http.Request]
	shop := receive(t, func(_ string, _ http.ResponseWriter, q *http.Request) { got.Store(q) })
	s := newSender(t, webhook.SenderConfig{AllowPrivate: true, UserAgent: "pasarela/1"})
	own := []pasarela.WebhookHeader{{Label: "X-Shop", Value: "881"}, {Label: "x-shop", Value: "882"}, {Label: "Authorization", Value: "Bearer t"}, {Label: "user-agent", Value: "mine"},
		{Label: "Host", Value: "evil.example"}, {Label: "content-length", Value: "1"}, {Label: "Transfer-Encoding", Value: "chunked"}, {Label: "Connection", Value: "close"},
		{Label: "Private-Merchant-Id", Value: "881"}, {Label: "public-merchant-id", Value: "881"}, {Label: "Content-Type", Value: "text/plain"}, {Label: "X-Kushki-Signature", Value: "forged"}, {Label: "x-kushki-id", Value: "forged"},
		{Label: "X-Break", Value: "a\r\nX-Injected: b"}, {Label: "X-Bad\r\nX-Injected", Value: "b"}, {Label: "", Value: "b"}, {Label: "X-Ñandú", Value: "b"}, {Label: "X-Nul", Value: "\x00"}}
	a := s.Send(t.Context(), pasarela.Delivery{URL: shop.URL + "/hook?q=1", Headers: own, Body: []byte(`{"a":1}`)},
		http.Header{"X-Kushki-Signature": {"right"}, "X-Kushki-Id": {"7"}})
	q := got.Load()
	if a.Outcome != webhook.OutcomeDelivered || q == nil {
		t.Fatalf("%+v", a)
	}
	if shop.got()[0] != `{"a":1}` || q.Method != http.MethodPost || q.URL.String() != "/hook?q=1" || q.Host != strings.TrimPrefix(shop.URL, "http://") || q.ContentLength != 7 {
		t.Errorf("request %+v with %q", q, shop.got())
	}
	want := http.Header{"X-Shop": {"881", "882"}, "Authorization": {"Bearer t"}, "User-Agent": {"mine"}, "Content-Type": {"application/json"},
		"X-Kushki-Signature": {"right"}, "X-Kushki-Id": {"7"}, "Content-Length": {"7"}}
	if fmt.Sprint(q.Header) != fmt.Sprint(want) {
		t.Errorf("headers\n%v, want\n%v", q.Header, want)
	}
}

// A signature's names travel as they are spelled, and none of the merchant's own stands beside them in another spelling.
func TestSignatureNamesTravelAsSpelled(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	heads := make(chan string, 1)
	go func() {
		defer close(heads)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		var head strings.Builder
		for in := bufio.NewReader(c); !strings.HasSuffix(head.String(), "\r\n\r\n"); {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			head.WriteString(line)
		}
		once("HTTP/1.1 204 No Content\r\n\r\n")(c)
		heads <- head.String()
	}()
	own := []pasarela.WebhookHeader{{Label: "X-Kushki-Simplesignature", Value: "forged"}, {Label: "x-kushki-simplesignature", Value: "forged"}, {Label: "Webhook-ID", Value: "forged"}}
	newSender(t, webhook.SenderConfig{AllowPrivate: true}).Send(t.Context(), pasarela.Delivery{URL: "http://" + l.Addr().String(), Headers: own, Body: []byte("{}")},
		http.Header{"X-Kushki-SimpleSignature": {"right"}, "webhook-id": {"7"}})
	head := <-heads
	if !strings.Contains(head, "\r\nX-Kushki-SimpleSignature: right\r\n") || !strings.Contains(head, "\r\nwebhook-id: 7\r\n") || strings.Contains(head, "forged") {
		t.Errorf("came as\n%s", head)
	}
}

// Who has said 2xx has taken the delivery: an answer whose body does not come is not waited for, and counts as slow.
func TestABodyThatIsHeldOpenIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	s := newSender(t, webhook.SenderConfig{AllowPrivate: true, Timeout: patience})
	for name, speaks := range map[string]func(net.Conn){
		"nothing of it": then(once("HTTP/1.1 200 OK\r\n\r\n"), silence),
		"a part of it":  then(once("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"), silence),
	} {
		a := s.Send(t.Context(), pasarela.Delivery{URL: raw(t, speaks), Body: []byte("{}")}, nil)
		if a.Outcome != webhook.OutcomeDelivered || !a.Held || a.Took >= patience {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// The gateway tells itself nothing: that could be a request whose outcome is told again, without end.
func TestNothingIsSentToTheGatewayItself(t *testing.T) {
	t.Parallel()
	shop := receive(t, nil)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(shop.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	s := newSender(t, webhook.SenderConfig{AllowPrivate: true, OwnHost: "pay.example.com", Resolver: resolverTo(t, net.IPv4(127, 0, 0, 1))})
	for _, host := range []string{"pay.example.com", "PAY.Example.com", "pay.example.com."} {
		a := s.Send(t.Context(), pasarela.Delivery{URL: "http://" + host + ":" + port + "/card/v1/charges", Body: []byte("{}")}, nil)
		if a.Outcome != webhook.OutcomeRefused || !a.Final || !strings.Contains(a.Error, "this gateway's own") {
			t.Errorf("%s: %+v", host, a)
		}
	}
	if shop.count() != 0 {
		t.Errorf("%d requests came through", shop.count())
	}
	if a := s.Send(t.Context(), pasarela.Delivery{URL: "http://shop.pay.example.com:" + port + "/", Body: []byte("{}")}, nil); a.Outcome != webhook.OutcomeDelivered {
		t.Errorf("another host: %+v", a)
	}
}

// Connections are kept. One that the receiver has closed meanwhile costs no attempt.
func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	var from sync.Map
	shop := receive(t, func(_ string, _ http.ResponseWriter, q *http.Request) { from.Store(q.RemoteAddr, true) })
	s := newSender(t, webhook.SenderConfig{AllowPrivate: true})
	send := func() {
		t.Helper()
		if a := s.Send(t.Context(), pasarela.Delivery{URL: shop.URL, Body: []byte("{}")}, nil); a.Outcome != webhook.OutcomeDelivered {
			t.Fatalf("%+v", a)
		}
	}
	for range 5 {
		send()
	}
	opened := 0
	from.Range(func(any, any) bool { opened++; return true })
	if opened != 1 {
		t.Errorf("%d connections for five requests", opened)
	}
	shop.CloseClientConnections()
	send()
}

// Outside a sandbox no address is dialled that is not on the internet: neither by its number, however it is written,
// nor by a name that resolves to it.
func TestPrivateAddressesAreNotDialled(t *testing.T) {
	t.Parallel()
	shop := receive(t, nil)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(shop.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	s := newSender(t, webhook.SenderConfig{Resolver: resolverTo(t, net.IPv4(127, 0, 0, 1))})
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "[::]",
		"169.254.169.254", "10.0.0.1", "192.168.1.1", "[64:ff9b::7f00:1]", "[fe80::1%25lo]", "hooks.shop.example"} {
		a := s.Send(t.Context(), pasarela.Delivery{URL: "http://" + host + ":" + port + "/", Body: []byte("{}")}, nil)
		if a.Outcome != webhook.OutcomeRefused || !strings.Contains(a.Error, "not public") {
			t.Errorf("%s: %+v", host, a)
		}
	}
	if shop.count() != 0 {
		t.Errorf("%d requests came through", shop.count())
	}
	sandbox := newSender(t, webhook.SenderConfig{AllowPrivate: true, Resolver: resolverTo(t, net.IPv4(127, 0, 0, 1))})
	a := sandbox.Send(t.Context(), pasarela.Delivery{URL: "http://hooks.shop.example:" + port + "/", Body: []byte("{}")}, nil)
	if a.Outcome != webhook.OutcomeDelivered {
		t.Errorf("in a sandbox: %+v", a)
	}
}

// Addresses that say more than where to send to, or want another protocol, are refused without being dialled.
func TestAddressesThatAreRefused(t *testing.T) {
	t.Parallel()
	s := newSender(t, webhook.SenderConfig{AllowPrivate: true})
	for url, says := range map[string]string{
		"http://ana:secret@127.0.0.1:1/": "user and password", "ftp://127.0.0.1/": "http://", "file:///etc/passwd": "http://", "http://": "http://",
		"": "http://", "//127.0.0.1/": "http://", "http://:80/": "http://", "http://127.0.0.1:port/": "http://", "gopher://x": "http://", "unix:///tmp/x": "http://",
	} {
		a := s.Send(t.Context(), pasarela.Delivery{URL: url}, nil)
		if a.Outcome != webhook.OutcomeRefused || !strings.Contains(a.Error, says) || strings.Contains(a.Error, "secret") {
			t.Errorf("%q: %+v", url, a)
		}
	}
}

// What keeps a receiver from being reached is said in a few words that hold nothing of its address.
func TestTroublesAreTold(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	_ = l.Close() // nobody listens there now
	plain := receive(t, nil)
	s := newSender(t, webhook.SenderConfig{AllowPrivate: true, Resolver: resolverTo(t, nil)})
	for url, says := range map[string]string{
		"http://" + nobody + "/?key=secret":                         "connection refused",
		"http://missing.example/secret":                             "name cannot be resolved",
		"https" + strings.TrimPrefix(plain.URL, "http") + "/secret": "TLS",
	} {
		a := s.Send(t.Context(), pasarela.Delivery{URL: url}, nil)
		if a.Outcome != webhook.OutcomeUnanswered || !strings.Contains(a.Error, says) || strings.Contains(a.Error, "secret") {
			t.Errorf("%s: %+v, want %q", url, a, says)
		}
	}
}
