package cards

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// Rule: docs/sandbox.md lists every published test card, and says what becomes of it.
func TestThePageListsThePublishedCards(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/sandbox.md")
	if err != nil {
		t.Fatal(err)
	}
	says := map[string]string{"": "approved", codeDoNotHonour: "`017`", "57": "`019`", "51": "`021`", "N7": "`022`", "62": "`023`"}
	for _, c := range slices.Concat(kushkiCards, monriCards) {
		row, want := "", says[c.code]
		if c.reject {
			want = "refused when the token is asked for"
		}
		for line := range strings.Lines(string(page)) {
			if strings.HasPrefix(line, "| ") && strings.Contains(line, "`"+c.number+"`") {
				row += line
			}
		}
		if strings.Count(row, "\n") != 1 || !strings.Contains(row, want) ||
			strings.Contains(row, "with a challenge") != (c.secure == ThreeDSChallenge) || strings.Contains(row, "without a challenge") != (c.secure == ThreeDSFrictionless) {
			t.Errorf("the test card of 3-D Secure %q and code %q that ends in %s has the row %q", c.secure, c.code, c.number[len(c.number)-4:], row)
		}
	}
}
