// Package receipt writes the voucher that a buyer in Chile can ask for: one small page as PDF, in Spanish.
//
// It is given what the payment's row tells, and no card number. The same receipt gives the same bytes. Letters are
// those of Windows-1252, which every PDF reader has fonts for; of others the letter without its mark is printed, or
// a question mark.
package receipt
