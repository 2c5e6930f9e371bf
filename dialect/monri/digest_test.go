package monri

import (
	"strings"
	"testing"
)

// The shop, the card and the order of the reference's test vectors.
const (
	demoOrder = "ord-1001"
	coffee    = `{"amount":1500,"order_number":"ord-1001","currency":"EUR","transaction_type":"purchase","order_info":"Two coffees"}`
	wentWell  = "https://shop.example/ok?acquirer=integration_acq&amount=1500&approval_code=510022&order_number=ord-1001&response_code=0000"
)

// The digests are those of Monri's reference: what is signed, by what, and what that comes to.
func TestDigests(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ got, want string }{
		"WP3-v2.1 tokens": {requestDigest(demoKey, "1700000000", demoToken, "/v2/tokens", []byte(demoCard)),
			"69a81c727ea52a3d775b64e4a66eedc271f41764470edc09fa76d25c7821332cef7f8dbbc6e0458ab76a613bf87ecdba62024513fa56b3b1a8d00265a6d59a89"},
		"WP3-v2.1 path with its query, no body": {requestDigest(demoKey, "1700000000", demoToken, "/v2/customers?limit=2&offset=0", nil),
			"89290b5ea8a86654f65c782588cbe2445fc56b72f34b829d1650550a137a4714c00fc24087c758fb7f0f237886826786e72b05fe2917f4dde0c34469c5423bf8"},
		"WP3-v2.1 payment": {requestDigest(demoKey, "1700000000", demoToken, "/v2/payment/new", []byte(coffee)),
			"313108eb0349fd7cee9e5204aedc46db0a702eacc51d5346396976d8e1ec4174dfcd9e922d61a91b79e55287ac11af982ab9442305a768017667799e512f692e"},
		"WP3-v2 payment": {requestDigest(demoKey, "1700000000", demoToken, "", []byte(coffee)),
			"7fe190ffd8801c965177e6769081b29ac71b8cebe180773117e53276fae967443c53db6b457604269f263004a031cf1d2d67ef766f812c555632ce1fd615f14d"},
		"WP3-v2.1 as Monri documents it": {requestDigest("qwert1234", "1593457122", "7db11ea5d4a1af32421b564c79b946d1ead3daf0", "/v2/payment/new", []byte(`{"example":"1"}`)),
			"bd120476c656a8ec3ce5d6a150f17061d03a8e280b0fbba278a73a15066830562f73ce5536882c9222e265f1ff6c2df629173375b549cba5a9275b08686f32ea"},
		"form": {orderDigest(demoKey, demoOrder, "1500", "EUR"),
			"5d26d94e2854a4fa9d8453a9525022f12473e8df8716a9f03a33dc7aa444d6b685d2adfbab27b0cd158bf10b1a014402ff492ae388be4e2dc083eec8ac5e1bb0"},
		"form as Monri documents it": {orderDigest("2345klj", "abcdef", "54321", "EUR"),
			"f71b8c1560bd7511ba2f0307b3823c06dd39042cd77480543e3d7bf9f3eefa6debed252979ba8edc7a82d9f111d90f8e31c1c7ab5af39796b26e59a0b2d7cf98"},
		"v1 management":  {orderDigestV1(demoKey, demoOrder, "1500", "EUR"), "36a3861733453f33b8f98f1038b6b292d7bc7f4c"},
		"v1 orders/show": {showDigestV1(demoKey, demoOrder), "cfb1b75e1257d2cf138fef045ef3836cfba9bbd4"},
		"callback": {callbackDigest(demoKey, []byte(`{"order_number":"ord-1001","status":"approved"}`)),
			"6edbab2b93d3c398a521364db747f8808e562660668d7fef5988f9da41cef88574b693270c69f37a296ca779de1ebfeca56b4cdc6e8b1fadc2028318351d84b7"},
		"temp-tokenize": {temporaryCardDigest(demoKey, "7d4c2f10-9b1e-4f7a-8a55-0f6f8d1f2b33", "2026-01-15T10:00:00Z"),
			"e820392d9a87cf042d3eba7740c5d6c6686d7c01ab0bf1c0fca7dc88c1555eb26862c40fb32937034259e398d2fbae22c585a87fb587a90f4c6e2217933ec74e"},
		"success URL": {signedAddress(demoKey, wentWell),
			wentWell + "&digest=28ba8680544e8952b8f9fcfa3f16e5335b1053cccaa8191c1c854b74d13c95772347469726aaf540f6af7ec64ce24cb65ffb4992603bfdd04217c81742979935"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.got != c.want {
				t.Errorf("got %s, want %s", c.got, c.want)
			}
		})
	}
}

// Every byte of what is signed counts, and of the key.
func TestDigestsCoverEveryByte(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		signed []string
		digest func(signed []string) string
	}{
		"request": {[]string{demoKey, "1700000000", demoToken, "/v2/customers?limit=2", coffee}, func(s []string) string {
			return requestDigest(s[0], s[1], s[2], s[3], []byte(s[4]))
		}},
		"order":          {[]string{demoKey, demoOrder, "1500", "EUR"}, func(s []string) string { return orderDigest(s[0], s[1], s[2], s[3]) }},
		"order, v1":      {[]string{demoKey, demoOrder, "1500", "EUR"}, func(s []string) string { return orderDigestV1(s[0], s[1], s[2], s[3]) }},
		"orders/show":    {[]string{demoKey, demoOrder}, func(s []string) string { return showDigestV1(s[0], s[1]) }},
		"temporary card": {[]string{demoKey, "7d4c2f10", "2026-01-15T10:00:00Z"}, func(s []string) string { return temporaryCardDigest(s[0], s[1], s[2]) }},
		"callback":       {[]string{demoKey, coffee}, func(s []string) string { return callbackDigest(s[0], []byte(s[1])) }},
		"success URL": {[]string{demoKey, wentWell}, func(s []string) string {
			_, digest, _ := strings.Cut(signedAddress(s[0], s[1]), "digest=")
			return digest
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := c.digest(c.signed)
			for part := range c.signed {
				for at := range len(c.signed[part]) {
					for bit := range 8 {
						changed := append([]string(nil), c.signed...)
						bytes := []byte(changed[part])
						bytes[at] ^= 1 << bit
						changed[part] = string(bytes)
						if same(want, c.digest(changed)) {
							t.Fatalf("%q is signed as %q is", changed, c.signed)
						}
					}
				}
			}
		})
	}
}

// An address without a query gets one, or its digest would belong to the path.
func TestSignedAddressWithoutAQuery(t *testing.T) {
	t.Parallel()
	address, digest, found := strings.Cut(signedAddress(demoKey, "https://shop.example/ok"), "?digest=")
	if !found || address != "https://shop.example/ok" || len(digest) != digestLength {
		t.Errorf("got %s and %s", address, digest)
	}
}
