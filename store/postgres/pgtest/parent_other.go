//go:build !linux

package pgtest

import "syscall"

// dieWithParent has no equivalent here: a server outlives a process that is killed before it stops it.
func dieWithParent(*syscall.SysProcAttr) {}
