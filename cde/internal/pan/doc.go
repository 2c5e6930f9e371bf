// Package pan holds card numbers and CVVs in clear, and keeps them from being printed.
//
// It is the wall of the cardholder data environment: being internal to cde, no package outside can import it.
// Outside, the two types are known by the aliases vault.Number and vault.CVV, which can be filled, passed on,
// masked and wiped, but have no method that returns digits. Inside, the functions Digits, CVVDigits and
// AppendDigits do.
//
// The digits lie behind a function. fmt ignores the methods of a value in another struct's unexported field and
// prints what it is made of, and it follows a pointer there for verbs that do not suit one (%s, %d). Of a
// function it prints the address, and a walk by reflection ends at it. A copy of a Number shares its digits,
// so Wipe on one wipes all.
package pan
