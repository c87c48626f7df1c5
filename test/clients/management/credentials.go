package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	sdk "github.com/patrickcping/pingone-go-sdk-v2/management"
)

const perGateway = 5

func (s *session) credentials() []check {
	return []check{
		{"a new gateway has its first credential, whose secret the SDK does not see", s.issuesFirst},
		{"a request without a body and a content type creates a credential, and its secret arrives", s.issues},
		{"neither the list nor a credential read by itself has the secret", s.showsOnce},
		{"one credential too many is refused at once, with the limit in its details", s.caps},
		{"a deleted credential makes room, is not found, and cannot be deleted again", s.revokes},
		{"when the SDK has deleted a credential, the door refuses it, and its sibling still passes", s.refusesAtOnce},
		{"a credential has no time of use until it is used, and has one after", s.showsUse},
	}
}

func (s *session) issue(gateway string) (*sdk.GatewayCredential, error) {
	made, _, err := s.api.GatewayCredentialsApi.CreateGatewayCredential(s.ctx, s.environment, gateway).Execute()
	return made, err
}

func (s *session) readOne(gateway, id string) (*sdk.GatewayCredential, error) {
	seen, _, err := s.api.GatewayCredentialsApi.ReadOneGatewayCredential(s.ctx, s.environment, gateway, id).Execute()
	return seen, err
}

func (s *session) revoke(gateway, id string) error {
	_, err := s.api.GatewayCredentialsApi.DeleteGatewayCredential(s.ctx, s.environment, gateway, id).Execute()
	return err
}

func (s *session) list(gateway string) ([]sdk.GatewayCredential, error) {
	list, _, err := s.api.GatewayCredentialsApi.ReadAllGatewayCredentials(s.ctx, s.environment, gateway).ExecuteInitialPage()
	if err != nil {
		return nil, err
	}
	embedded := list.GetEmbedded()
	credentials := embedded.GetCredentials()
	if int(list.GetCount()) != len(credentials) || int(list.GetSize()) != len(credentials) {
		return nil, errors.New("the list is not as long as it says")
	}
	return credentials, nil
}

// issued makes a gateway and a credential for it.
func (s *session) issued(name string) (gateway string, made *sdk.GatewayCredential, err error) {
	parent, err := s.make(name)
	if err != nil {
		return "", nil, err
	}
	made, err = s.issue(parent.GetId())
	return parent.GetId(), made, err
}

func (s *session) issuesFirst() error {
	made, err := s.make("issues first")
	if err != nil {
		return err
	}
	listed, err := s.list(made.GetId())
	if err == nil && (len(listed) != 1 || len(made.(*sdk.Gateway).GetCredentials()) != 0) {
		return fmt.Errorf("%d credentials", len(listed))
	}
	return err
}

func (s *session) issues() error {
	gateway, err := s.make("issues")
	if err != nil {
		return err
	}
	s.sent.forget()
	made, err := s.issue(gateway.GetId())
	if err != nil {
		return err
	}
	if err := s.once(); err != nil {
		return err
	}
	request := s.sent.requests[0]
	if request.Body != nil || request.Header.Get("Content-Type") != "" {
		return errors.New("the SDK has sent more than it used to")
	}
	id, err := idOf(made.GetCredential())
	if err != nil {
		return err
	}
	if id != made.GetId() || time.Since(made.GetCreatedAt()).Abs() > time.Minute || made.HasLastUsedAt() {
		return errors.New("its id, its creation or its use is not right")
	}
	return nil
}

// idOf is the jti of a token in the form that clients look for.
func idOf(token string) (string, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", fmt.Errorf("the secret has %d parts", len(parts))
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", errors.New("the claims are no base64url")
	}
	var read struct{ Jti string }
	if json.Unmarshal(claims, &read) != nil {
		return "", errors.New("the claims are no JSON")
	}
	return read.Jti, nil
}

func (s *session) showsOnce() error {
	gateway, made, err := s.issued("shows once")
	if err != nil {
		return err
	}
	listed, err := s.list(gateway)
	if err != nil {
		return err
	}
	one, err := s.readOne(gateway, made.GetId())
	if err != nil {
		return err
	}
	found := false
	for _, credential := range append(listed, *one) {
		if credential.HasCredential() {
			return errors.New("the secret is shown again")
		}
		found = found || credential.GetId() == made.GetId()
	}
	if !found || !one.GetCreatedAt().Equal(made.GetCreatedAt()) {
		return errors.New("it is not the one that was created")
	}
	return nil
}

// fill creates credentials until there is room for none.
func (s *session) fill(gateway string) error {
	listed, err := s.list(gateway)
	for i := len(listed); err == nil && i < perGateway; i++ {
		_, err = s.issue(gateway)
	}
	return err
}

func (s *session) caps() error {
	gateway, _, err := s.issued("caps")
	if err == nil {
		err = s.fill(gateway)
	}
	if err != nil {
		return err
	}
	s.sent.forget()
	_, err = s.issue(gateway)
	if repeated := s.once(); repeated != nil {
		return repeated
	}
	detail, problem := detailed(err, "SIZE_LIMIT_EXCEEDED", "credentials")
	if problem != nil {
		return problem
	}
	if detail.InnerError == nil || detail.InnerError.GetMaximumValue() != perGateway {
		return errors.New("the limit is not named")
	}
	listed, err := s.list(gateway)
	if err == nil && len(listed) != perGateway {
		return fmt.Errorf("%d credentials", len(listed))
	}
	return err
}

func (s *session) revokes() error {
	gateway, made, err := s.issued("revokes")
	if err == nil {
		err = s.fill(gateway)
	}
	if err == nil {
		err = s.revoke(gateway, made.GetId())
	}
	if err != nil {
		return err
	}
	_, err = s.readOne(gateway, made.GetId())
	if _, problem := refused(err, notFound, "NOT_FOUND"); problem != nil {
		return problem
	}
	if _, problem := refused(s.revoke(gateway, made.GetId()), notFound, "NOT_FOUND"); problem != nil {
		return problem
	}
	_, err = s.issue(gateway)
	return err
}

// pass is the status of a question of nginx with a credential.
func pass(token string) (int, error) {
	url := fmt.Sprintf("http://%s/auth/nginx", os.Getenv("WARDER_DOOR"))
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	for name, value := range map[string]string{"URI": "/", "Method": "GET", "Host": "example.com", "Scheme": "https"} {
		request.Header.Set("X-Original-"+name, value)
	}
	request.Header.Set("Client-Token", token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

func passes(token string, wanted int) error {
	status, err := pass(token)
	if err == nil && status != wanted {
		return fmt.Errorf("the door answers %d and not %d", status, wanted)
	}
	return err
}

func (s *session) refusesAtOnce() error {
	gateway, gone, err := s.issued("refuses at once")
	if err != nil {
		return err
	}
	stays, err := s.issue(gateway)
	if err != nil {
		return err
	}
	if err := passes(gone.GetCredential(), http.StatusOK); err != nil {
		return err
	}
	if err := s.revoke(gateway, gone.GetId()); err != nil {
		return err
	}
	return errors.Join(
		passes(gone.GetCredential(), http.StatusUnauthorized),
		passes(stays.GetCredential(), http.StatusOK),
	)
}

func (s *session) showsUse() error {
	gateway, made, err := s.issued("shows use")
	if err != nil {
		return err
	}
	before, err := s.readOne(gateway, made.GetId())
	if err != nil {
		return err
	}
	if before.HasLastUsedAt() {
		return errors.New("it is used before it is")
	}
	if err := passes(made.GetCredential(), http.StatusOK); err != nil {
		return err
	}
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		seen, err := s.readOne(gateway, made.GetId())
		if err != nil {
			return err
		}
		if seen.HasLastUsedAt() {
			return nil
		}
	}
	return errors.New("its use does not show")
}
