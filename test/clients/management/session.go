package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/patrickcping/pingone-go-sdk-v2/management"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// A session is the SDK, signed in, and what it has sent.
type session struct {
	api         *management.APIClient
	ctx         context.Context
	environment string
	sent        *sent
}

// sent stands under the SDK and keeps what it sends and is answered.
type sent struct {
	requests []*http.Request
	answers  []*http.Response
}

func (s *sent) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(request)
	s.requests = append(s.requests, request)
	if err == nil {
		s.answers = append(s.answers, answer)
	}
	return answer, err
}

// forget begins to count anew.
func (s *sent) forget() { s.requests, s.answers = nil, nil }

// signIn buys a token as the SDK's own client does.
func signIn(id, secret string) (*session, error) {
	environment := os.Getenv("PINGONE_ENVIRONMENT_ID")
	config := clientcredentials.Config{
		ClientID:     id,
		ClientSecret: secret,
		TokenURL:     fmt.Sprintf("http://%s/%s/as/token", os.Getenv("PINGONE_AUTH_SERVICE_HOSTNAME"), environment),
		AuthStyle:    oauth2.AuthStyleAutoDetect,
	}
	token, err := config.Token(context.Background())
	if err != nil {
		return nil, err
	}
	return bear(token.AccessToken)
}

// bear is a session with this token.
func bear(token string) (*session, error) {
	under := &sent{}
	config := management.NewConfiguration()
	config.SetDefaultServerIndex(1)
	host := os.Getenv("PINGONE_API_SERVICE_HOSTNAME")
	err := errors.Join(
		config.SetDefaultServerVariableDefaultValue("protocol", "http"),
		config.SetDefaultServerVariableDefaultValue("baseHostname", host),
	)
	config.AddDefaultHeader("Authorization", "Bearer "+token)
	config.HTTPClient = &http.Client{Transport: under}
	return &session{
		api:         management.NewAPIClient(config),
		ctx:         context.Background(),
		environment: os.Getenv("PINGONE_ENVIRONMENT_ID"),
		sent:        under,
	}, err
}

// refused reads an error as the SDK has decoded it, and says what of it was not wanted.
func refused(err error, status string, code string) (management.P1Error, error) {
	var failed *management.GenericOpenAPIError
	if !errors.As(err, &failed) {
		return management.P1Error{}, fmt.Errorf("wanted %s, got %v", status, err)
	}
	body, decoded := failed.Model().(management.P1Error)
	switch {
	case !decoded:
		return body, fmt.Errorf("an error that the SDK cannot decode: %s", failed.Error())
	case failed.Error() != status || body.GetCode() != code:
		return body, fmt.Errorf("wanted %s %s, got %s %s", status, code, failed.Error(), body.GetCode())
	case body.GetId() == "" || body.GetMessage() == "":
		return body, errors.New("an error without an id or a message")
	}
	return body, nil
}

// detailed wants an error of validation that names one member and what is wrong with it.
func detailed(err error, code, target string) (management.P1ErrorDetailsInner, error) {
	body, problem := refused(err, "400 Bad Request", "INVALID_DATA")
	if problem != nil {
		return management.P1ErrorDetailsInner{}, problem
	}
	for _, detail := range body.GetDetails() {
		if detail.GetCode() == code && detail.GetTarget() == target {
			return detail, nil
		}
	}
	return management.P1ErrorDetailsInner{}, fmt.Errorf("no detail %s of %s", code, target)
}

const (
	notFound     = "404 Not Found"
	unauthorized = "401 Unauthorized"
	forbidden    = "403 Forbidden"
)

// once wants that the SDK has asked a single time since it was last forgotten.
func (s *session) once() error {
	if count := len(s.sent.requests); count != 1 {
		return fmt.Errorf("%d requests", count)
	}
	return nil
}
