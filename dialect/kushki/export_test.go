package kushki

import (
	"maps"
	"slices"
)

// Row is a line of the catalogue, for tests from outside.
type Row struct {
	Status          int
	Code, Message   string
	On, When, Never string
}

// Catalogue is what the dialect answers and what is only published.
func Catalogue() []Row {
	var all []Row
	for _, r := range catalogue {
		all = append(all, Row{r.status, r.code, r.message, r.on, r.when, r.never})
	}
	return all
}

// Rules are the texts that K322 can tell in details.rules.
func Rules() []Row {
	var all []Row
	for _, reason := range slices.Sorted(maps.Keys(failedRules)) {
		r := failedRules[reason]
		all = append(all, Row{Code: r.Code, Message: r.Message, When: string(reason)})
	}
	return append(all, Row{Code: ruleOTP.Code, Message: ruleOTP.Message, When: "one-time password owed"},
		Row{Code: ruleNotValidated.Code, Message: ruleNotValidated.Message, When: "not asked, or not answered yet"})
}
