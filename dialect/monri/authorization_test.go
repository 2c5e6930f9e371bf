package monri

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// The header is taken to the letter, but for the case of the scheme's name.
func TestParseAuthorization(t *testing.T) {
	t.Parallel()
	hex := strings.Repeat("0f", 64)
	good := "WP3-v2.1 token 1700000000 " + hex
	signed := authorization{wp3, "token", "1700000000", hex}
	for name, c := range map[string]struct {
		headers []string
		want    authorization // zero value where it is refused
	}{
		"as documented":            {[]string{good}, signed},
		"scheme in lower case":     {[]string{"wp3-v2.1 token 1700000000 " + hex}, signed},
		"milliseconds":             {[]string{"WP3-v2.1 token 1597831329378 " + hex}, authorization{wp3, "token", "1597831329378", hex}},
		"older scheme":             {[]string{"WP3-v2 token 1700000000 " + hex}, authorization{wp3NoPath, "token", "1700000000", hex}},
		"device":                   {[]string{"WP3-v2-Client token"}, authorization{scheme: wp3Client, token: "token"}},
		"access token":             {[]string{"Bearer YWJj.ZGVm"}, authorization{scheme: bearer, token: "YWJj.ZGVm"}},
		"access token, lower case": {[]string{"bearer YWJj.ZGVm"}, authorization{scheme: bearer, token: "YWJj.ZGVm"}},
		"missing":                  {headers: nil},
		"empty":                    {headers: []string{""}},
		"twice":                    {headers: []string{good, good}},
		"two schemes":              {headers: []string{good, "Bearer YWJj.ZGVm"}},
		"another scheme":           {headers: []string{"Basic dG9rZW46a2V5"}},
		"notification's scheme":    {headers: []string{"WP3-callback " + hex}},
		"two spaces":               {headers: []string{"WP3-v2.1  token 1700000000 " + hex}},
		"tab":                      {headers: []string{"WP3-v2.1 token\t1700000000 " + hex}},
		"fifth part":               {headers: []string{good + " x"}},
		"no token":                 {headers: []string{"WP3-v2.1  1700000000 " + hex}},
		"token too long":           {headers: []string{"WP3-v2.1 " + strings.Repeat("a", 65) + " 1700000000 " + hex}},
		"timestamp of letters":     {headers: []string{"WP3-v2.1 token now " + hex}},
		"timestamp with a sign":    {headers: []string{"WP3-v2.1 token -1700000000 " + hex}},
		"timestamp empty":          {headers: []string{"WP3-v2.1 token  " + hex}},
		"timestamp without an end": {headers: []string{"WP3-v2.1 token " + strings.Repeat("1", 21) + " " + hex}},
		"digest too short":         {headers: []string{"WP3-v2.1 token 1700000000 " + hex[1:]}},
		"device without a token":   {headers: []string{"WP3-v2-Client "}},
		"device, token too long":   {headers: []string{"WP3-v2-Client " + strings.Repeat("a", 65)}},
		"device with a digest":     {headers: []string{"WP3-v2-Client token 1700000000 " + hex}},
		"name alone":               {headers: []string{"WP3-v2-Client"}},
		"access token, none":       {headers: []string{"Bearer "}},
		"access token too long":    {headers: []string{"Bearer " + strings.Repeat("a", 257)}},
		"signature without parts":  {headers: []string{"WP3-v2.1 token"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := parseAuthorization(http.Header{"Authorization": c.headers})
			if a != c.want || (err == nil) != (c.want != authorization{}) {
				t.Fatalf("got %+v, %v", a, err)
			}
		})
	}
}

// A merchant without a key signs nothing, not even with the empty one.
func TestNoKeySignsNothing(t *testing.T) {
	t.Parallel()
	a := authorization{token: "token", timestamp: "1", digest: requestDigest("", "1", "token", "/v2/tokens", nil)}
	if a.signs("", "/v2/tokens", nil) || knows("", "") {
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
