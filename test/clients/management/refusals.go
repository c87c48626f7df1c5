package main

import (
	"errors"
	"fmt"
	"os"

	sdk "github.com/patrickcping/pingone-go-sdk-v2/management"
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

func (s *session) patience() []check {
	return []check{{
		"the SDK is told to come back while the database is away, and makes one gateway and no second",
		func() error {
			s.sent.forget()
			gateway := sdk.NewGateway("patience", sdk.ENUMGATEWAYTYPE_API_GATEWAY_INTEGRATION, true)
			if _, err := s.create(sdk.GatewayAsCreateGatewayRequest(gateway)); err != nil {
				return err
			}
			if first := s.sent.answers[0]; first.StatusCode != 503 || first.Header.Get("Retry-After") != "1" {
				return fmt.Errorf("the first answer is %d", first.StatusCode)
			}
			names, _, _, err := s.all()
			if err == nil && names["patience"] != 1 {
				return fmt.Errorf("it is there %d times", names["patience"])
			}
			return err
		},
	}}
}
