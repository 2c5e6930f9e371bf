package monri

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// The digests are those of Monri's reference, for the current scheme and for the older one, which has no path.
func TestDigest(t *testing.T) {
	t.Parallel()
	const (
		key    = "mk-demo-0001"
		token  = "0123456789abcdef0123456789abcdef01234567"
		card   = `{"type":"card","card":{"pan":"4111111111111111","expiration_date":"3112"}}`
		coffee = `{"amount":1500,"order_number":"ord-1001","currency":"EUR","transaction_type":"purchase","order_info":"Two coffees"}`
	)
	for name, c := range map[string]struct{ key, timestamp, token, path, body, want string }{
		"WP3-v2.1 tokens": {key, "1700000000", token, "/v2/tokens", card,
			"69a81c727ea52a3d775b64e4a66eedc271f41764470edc09fa76d25c7821332cef7f8dbbc6e0458ab76a613bf87ecdba62024513fa56b3b1a8d00265a6d59a89"},
		"WP3-v2.1 path with its query, no body": {key, "1700000000", token, "/v2/customers?limit=2&offset=0", "",
			"89290b5ea8a86654f65c782588cbe2445fc56b72f34b829d1650550a137a4714c00fc24087c758fb7f0f237886826786e72b05fe2917f4dde0c34469c5423bf8"},
		"WP3-v2.1 payment": {key, "1700000000", token, "/v2/payment/new", coffee,
			"313108eb0349fd7cee9e5204aedc46db0a702eacc51d5346396976d8e1ec4174dfcd9e922d61a91b79e55287ac11af982ab9442305a768017667799e512f692e"},
		"WP3-v2 payment": {key, "1700000000", token, "", coffee,
			"7fe190ffd8801c965177e6769081b29ac71b8cebe180773117e53276fae967443c53db6b457604269f263004a031cf1d2d67ef766f812c555632ce1fd615f14d"},
		"WP3-v2.1 as Monri documents it": {"qwert1234", "1593457122", "7db11ea5d4a1af32421b564c79b946d1ead3daf0", "/v2/payment/new", `{"example":"1"}`,
			"bd120476c656a8ec3ce5d6a150f17061d03a8e280b0fbba278a73a15066830562f73ce5536882c9222e265f1ff6c2df629173375b549cba5a9275b08686f32ea"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := digest(c.key, c.timestamp, c.token, c.path, []byte(c.body)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// The header is taken to the letter, but for the case of the scheme's name.
func TestParseAuthorization(t *testing.T) {
	t.Parallel()
	hex := strings.Repeat("0f", 64)
	good := "WP3-v2.1 token 1700000000 " + hex
	for name, c := range map[string]struct {
		headers []string
		ok      bool
	}{
		"as documented":            {[]string{good}, true},
		"scheme in lower case":     {[]string{"wp3-v2.1 token 1700000000 " + hex}, true},
		"milliseconds":             {[]string{"WP3-v2.1 token 1597831329378 " + hex}, true},
		"missing":                  {nil, false},
		"empty":                    {[]string{""}, false},
		"twice":                    {[]string{good, good}, false},
		"older scheme":             {[]string{"WP3-v2 token 1700000000 " + hex}, false},
		"another scheme":           {[]string{"Bearer token"}, false},
		"two spaces":               {[]string{"WP3-v2.1  token 1700000000 " + hex}, false},
		"tab":                      {[]string{"WP3-v2.1 token\t1700000000 " + hex}, false},
		"fifth part":               {[]string{good + " x"}, false},
		"no token":                 {[]string{"WP3-v2.1  1700000000 " + hex}, false},
		"token too long":           {[]string{"WP3-v2.1 " + strings.Repeat("a", 65) + " 1700000000 " + hex}, false},
		"timestamp of letters":     {[]string{"WP3-v2.1 token now " + hex}, false},
		"timestamp with a sign":    {[]string{"WP3-v2.1 token -1700000000 " + hex}, false},
		"timestamp empty":          {[]string{"WP3-v2.1 token  " + hex}, false},
		"timestamp without an end": {[]string{"WP3-v2.1 token " + strings.Repeat("1", 21) + " " + hex}, false},
		"digest too short":         {[]string{"WP3-v2.1 token 1700000000 " + hex[1:]}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := parseAuthorization(http.Header{"Authorization": c.headers})
			if (err == nil) != c.ok {
				t.Fatalf("got %v", err)
			}
			if c.ok && (a.token != "token" || a.digest != hex) {
				t.Errorf("got %+v", a)
			}
		})
	}
}

// A merchant without a key signs nothing, not even with the empty one.
func TestNoKeySignsNothing(t *testing.T) {
	t.Parallel()
	a := authorization{token: "token", timestamp: "1", digest: digest("", "1", "token", "/v2/tokens", nil)}
	if a.signs("", "/v2/tokens", nil) {
		t.Error("signed with an empty key")
	}
}

// Without a window every timestamp counts; with one, seconds and milliseconds are told apart by their length.
func TestTimestampWindow(t *testing.T) {
	t.Parallel()
	now := time.Unix(1700000000, 0)
	for _, c := range []struct {
		timestamp string
		window    time.Duration
		want      bool
	}{
		{"0", 0, true},
		{"99999999999999999999", 0, true},
		{"1700000000", time.Minute, true},
		{"1700000060", time.Minute, true},
		{"1699999940", time.Minute, true},
		{"1700000061", time.Minute, false},
		{"1699999939", time.Minute, false},
		{"1700000000000", time.Minute, true},
		{"1700000060001", time.Minute, false},
		{"99999999999999999999", time.Minute, false},
		{"9223372036854775807", time.Minute, false},
		{"0", time.Minute, false},
	} {
		if got := (authorization{timestamp: c.timestamp}).within(c.window, now); got != c.want {
			t.Errorf("%s within %s: got %t", c.timestamp, c.window, got)
		}
	}
}
