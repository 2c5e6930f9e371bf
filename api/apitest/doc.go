// Package apitest checks what is really sent and answered against the documents of package api, so that neither
// can drift from the other.
//
// An answer must be one that its operation documents: the status, the content type, and every member of the
// body. A request must conform where it succeeded; one that was refused may be anything.
package apitest
