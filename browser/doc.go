// Package browser plays cardholders in headless Chromium against a gateway that runs. It has tests only.
//
// The gateway is the program, built once: `dev`, and `serve` with a `simulator` beside it, which is how the browser
// library meets a gateway that is no sandbox. A shop's page comes from a server of the test's own, so it is of another
// origin than the gateway, and what the browser holds against calls and frames across origins holds here.
//
// That page has the npm package @kushki/js, as published, bundled with one file of ours (testdata/shop). The packages
// are pinned there, and fetched by scripts/test-needs. The browser resolves no name: loopback is all it reaches, and
// what the package asks of others' hosts goes unanswered.
//
// Every tab has the width of a phone. A page of the gateway that asks another host for anything, complains to the
// console, or is hard to use without a mouse or without sight fails the test that met it (see wellMade). A test that
// fails says where it left a picture of its tab.
package browser
