// Holds a running authority to what the PingOne SDK for Go makes of its answers.
//
//	management checks    everything that needs a running authority and nothing else
//	management patience  one creation, while the database is kept from writing
//	management doubt     one creation, of which nobody can tell whether it was made
//
// It prints a line of JSON for each check, {"title": …, "problem": …}, without a problem where it holds. No line has a
// secret.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// A check says what holds, and what speaks against it.
type check struct {
	title string
	run   func() error
}

type result struct {
	Title   string `json:"title"`
	Problem string `json:"problem,omitempty"`
}

const signsIn = "the OAuth client that the SDK signs in with gets a token"

func main() {
	s, err := signInFirst()
	if err != nil {
		report(signsIn, err)
		return
	}
	for _, c := range checksOf(s) {
		report(c.title, c.run())
	}
}

func signInFirst() (*session, error) {
	return signIn(os.Getenv("PINGONE_CLIENT_ID"), os.Getenv("PINGONE_CLIENT_SECRET"))
}

func checksOf(s *session) []check {
	switch os.Args[1] {
	case "patience":
		return s.patience()
	case "doubt":
		return s.doubt()
	}
	all := []check{{signsIn, func() error { _, err := signInFirst(); return err }}}
	for _, some := range [][]check{s.gateways(), s.lists(), s.credentials(), s.refusals()} {
		all = append(all, some...)
	}
	return all
}

func report(title string, err error) {
	said := result{Title: title}
	if err != nil {
		said.Problem = err.Error()
	}
	line, err := json.Marshal(said)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}
