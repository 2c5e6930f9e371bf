package kushki

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
