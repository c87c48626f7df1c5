package main

import (
	"errors"
	"os"
)

func (s *session) refusals() []check {
	return []check{
		{"a token that is none is refused once, in a form that the SDK reads", refusesStranger},
		{"who may only read is refused a creation once, in a form that the SDK reads", refusesViewer},
		{"an environment that is not there is not found", s.findsNoEnvironment},
		{"an id of the wrong form is not found", s.findsNoName},
	}
}

func refusesStranger() error {
	s, err := bear("no.such.token")
	if err != nil {
		return err
	}
	_, err = s.make("of a stranger")
	if _, problem := refused(err, unauthorized, "ACCESS_FAILED"); problem != nil {
		return problem
	}
	return s.once()
}

func refusesViewer() error {
	s, err := signIn(os.Getenv("VIEWER_CLIENT_ID"), os.Getenv("VIEWER_CLIENT_SECRET"))
	if err != nil {
		return err
	}
	_, err = s.make("of a viewer")
	if _, problem := refused(err, forbidden, "ACCESS_FAILED"); problem != nil {
		return problem
	}
	if err := s.once(); err != nil {
		return err
	}
	_, _, pages, err := s.all()
	if err == nil && pages == 0 {
		return errors.New("they may not read either")
	}
	return err
}

const nobodys = "7b0c2f8e-3f5a-4c59-9a52-0d2f2b7d9a10"

func (s *session) findsNoEnvironment() error {
	elsewhere := *s
	elsewhere.environment = nobodys
	// Of a creation the SDK would ask whether the environment is there, and keep the answer to itself.
	_, err := elsewhere.get(nobodys)
	_, problem := refused(err, notFound, "NOT_FOUND")
	return problem
}

func (s *session) findsNoName() error {
	_, err := s.get("My gateway/../../7")
	_, problem := refused(err, notFound, "NOT_FOUND")
	return problem
}
