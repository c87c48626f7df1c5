package main

import (
	"fmt"
	"net/http"
	"os"

	sdk "github.com/patrickcping/pingone-go-sdk-v2/management"
)

func (s *session) patience() []check {
	const title = "the SDK is told to come back while the database is away, and makes one gateway and no second"
	return []check{{title, s.comesBack}}
}

func (s *session) comesBack() error {
	s.sent.forget()
	gateway := sdk.NewGateway("patience", sdk.ENUMGATEWAYTYPE_API_GATEWAY_INTEGRATION, true)
	if _, err := s.create(sdk.GatewayAsCreateGatewayRequest(gateway)); err != nil {
		return err
	}
	first := s.sent.answers[0]
	if first.StatusCode != http.StatusServiceUnavailable || first.Header.Get("Retry-After") != "1" {
		return fmt.Errorf("the first answer is %d", first.StatusCode)
	}
	names, _, _, err := s.all()
	if err == nil && names["patience"] != 1 {
		return fmt.Errorf("it is there %d times", names["patience"])
	}
	return err
}

func (s *session) doubt() []check {
	const title = "where nobody can tell whether a credential was made, the SDK says so and makes no second"
	return []check{{title, s.doesNotRepeat}}
}

func (s *session) doesNotRepeat() error {
	gateway := os.Getenv("WARDER_GATEWAY")
	s.sent.forget()
	_, err := s.issue(gateway)
	if repeated := s.once(); repeated != nil {
		return repeated
	}
	if _, problem := refused(err, "409 Conflict", "REQUEST_FAILED"); problem != nil {
		return problem
	}
	listed, err := s.list(gateway)
	if err == nil && len(listed) != 1 {
		return fmt.Errorf("%d credentials", len(listed))
	}
	return err
}
