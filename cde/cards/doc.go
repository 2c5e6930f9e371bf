// Package cards knows what a card number tells by itself, and the test cards of a sandbox.
//
// A number tells its scheme by its range and, where the small built-in table knows the range, its bank,
// country and type; that is its profile. Table adds the test cards: those the two public references print
// (Reference) and those added through the sandbox's controls, each with the behaviour by which the issuer
// simulator answers. Real cards have a profile and no behaviour.
//
// An operator can import a table of card ranges (ReadBINs reads the CSV, Table.UseBINs puts it to use); what it says
// goes before everything else. A sandbox has a small one of its own beneath it (test-ranges.csv).
//
// Published numbers stand in the source in clear: they belong to nobody. Added ones may not, so the file that
// keeps them (Open) is sealed with a key beside it. That keeps numbers out of files, backups and searches; it
// does not protect from somebody who has the folder, who has the key as well.
package cards
