package main

import (
	"errors"
	"fmt"

	sdk "github.com/patrickcping/pingone-go-sdk-v2/management"
)

func (s *session) gateways() []check {
	checks := []check{
		{"a change of name, description and enabled is read back", s.updates},
		{"a description that an update leaves out is gone", s.describesNoMore},
		{"a name that is taken is refused with a detail that names it", s.refusesTakenName},
		{"a name with a character that is not allowed is refused with a detail that names it", s.refusesBadName},
		{"a change of type is refused and changes nothing", s.keepsType},
		{"a deleted gateway is not found, nor are its credentials", s.deletes},
	}
	for _, one := range kinds() {
		title := fmt.Sprintf("a gateway of type %s is created, read and deleted", typeOf(one))
		checks = append(checks, check{title, func() error { return s.passes(one) }})
	}
	return checks
}

// kinds has a gateway of each type that the SDK knows, with all that it wants of one.
func kinds() []sdk.CreateGatewayRequest {
	plain := func(t sdk.EnumGatewayType) sdk.CreateGatewayRequest {
		return sdk.GatewayAsCreateGatewayRequest(sdk.NewGateway("kind "+string(t), t, true))
	}
	servers := []string{"ldap.example.com:636"}
	ldap := sdk.NewGatewayTypeLDAP("kind LDAP", sdk.ENUMGATEWAYTYPE_LDAP, true, "cn=warder", "no secret", servers,
		sdk.ENUMGATEWAYVENDOR_PING_DIRECTORY)
	policy := sdk.NewGatewayTypeRADIUSAllOfDavinciPolicy("0c5f3a1e-6c5d-4f0e-9c0b-2f1d8a6b4e77")
	radius := sdk.NewGatewayTypeRADIUS("kind RADIUS", sdk.ENUMGATEWAYTYPE_RADIUS, true,
		*sdk.NewGatewayTypeRADIUSAllOfDavinci(*policy),
		[]sdk.GatewayTypeRADIUSAllOfRadiusClients{*sdk.NewGatewayTypeRADIUSAllOfRadiusClients("192.0.2.7")})
	return []sdk.CreateGatewayRequest{
		plain(sdk.ENUMGATEWAYTYPE_API_GATEWAY_INTEGRATION),
		plain(sdk.ENUMGATEWAYTYPE_PING_FEDERATE),
		plain(sdk.ENUMGATEWAYTYPE_PING_INTELLIGENCE),
		sdk.GatewayTypeLDAPAsCreateGatewayRequest(ldap),
		sdk.GatewayTypeRADIUSAsCreateGatewayRequest(radius),
	}
}

// common is what gateways of all types have.
type common interface {
	GetId() string
	GetName() string
	GetType() sdk.EnumGatewayType
	GetEnabled() bool
	GetEnvironment() sdk.ObjectEnvironment
	GetLinks() map[string]sdk.LinksHATEOASValue
}

func typeOf(request sdk.CreateGatewayRequest) sdk.EnumGatewayType {
	return request.GetActualInstance().(common).GetType()
}

func read(answer *sdk.CreateGateway201Response, err error) (common, error) {
	if err != nil {
		return nil, err
	}
	gateway, ok := answer.GetActualInstance().(common)
	if !ok || gateway.GetId() == "" {
		return nil, errors.New("no gateway in the answer")
	}
	return gateway, nil
}

func (s *session) create(request sdk.CreateGatewayRequest) (common, error) {
	answer, _, err := s.api.GatewaysApi.CreateGateway(s.ctx, s.environment).CreateGatewayRequest(request).Execute()
	return read(answer, err)
}

func (s *session) get(id string) (common, error) {
	answer, _, err := s.api.GatewaysApi.ReadOneGateway(s.ctx, s.environment, id).Execute()
	return read(answer, err)
}

func (s *session) put(id string, gateway *sdk.Gateway) error {
	request := sdk.GatewayAsCreateGatewayRequest(gateway)
	_, _, err := s.api.GatewaysApi.UpdateGateway(s.ctx, s.environment, id).CreateGatewayRequest(request).Execute()
	return err
}

func (s *session) remove(id string) error {
	_, err := s.api.GatewaysApi.DeleteGateway(s.ctx, s.environment, id).Execute()
	return err
}

// make creates a gateway for API gateways.
func (s *session) make(name string) (common, error) {
	gateway := sdk.NewGateway(name, sdk.ENUMGATEWAYTYPE_API_GATEWAY_INTEGRATION, true)
	return s.create(sdk.GatewayAsCreateGatewayRequest(gateway))
}

func (s *session) passes(request sdk.CreateGatewayRequest) error {
	wanted := request.GetActualInstance().(common)
	made, err := s.create(request)
	if err != nil {
		return err
	}
	seen, err := s.get(made.GetId())
	if err != nil {
		return err
	}
	for _, gateway := range []common{made, seen} {
		same := gateway.GetId() == made.GetId() && gateway.GetName() == wanted.GetName() &&
			gateway.GetType() == wanted.GetType() && gateway.GetEnabled()
		environment, self := gateway.GetEnvironment(), gateway.GetLinks()["self"]
		if !same || environment.GetId() != s.environment || self.GetHref() == "" {
			return errors.New("it is not what was asked for")
		}
	}
	return s.remove(made.GetId())
}

func (s *session) updates() error {
	made, err := s.make("to be renamed")
	if err != nil {
		return err
	}
	wanted := sdk.NewGateway("Café / l'entrée_2.0", made.GetType(), false)
	wanted.SetDescription("Edge, Frankfurt")
	if err := s.put(made.GetId(), wanted); err != nil {
		return err
	}
	seen, err := s.get(made.GetId())
	if err != nil {
		return err
	}
	gateway := seen.(*sdk.Gateway)
	if gateway.GetName() != wanted.GetName() || gateway.GetDescription() != "Edge, Frankfurt" || gateway.GetEnabled() {
		return errors.New("it is not what it was changed to")
	}
	return nil
}

func (s *session) describesNoMore() error {
	gateway := sdk.NewGateway("described", sdk.ENUMGATEWAYTYPE_API_GATEWAY_INTEGRATION, true)
	gateway.SetDescription("for a while")
	made, err := s.create(sdk.GatewayAsCreateGatewayRequest(gateway))
	if err != nil {
		return err
	}
	if err := s.put(made.GetId(), sdk.NewGateway("described", made.GetType(), true)); err != nil {
		return err
	}
	seen, err := s.get(made.GetId())
	if err != nil {
		return err
	}
	if seen.(*sdk.Gateway).HasDescription() {
		return errors.New("it is still described")
	}
	return nil
}

func (s *session) refusesTakenName() error {
	if _, err := s.make("taken"); err != nil {
		return err
	}
	_, err := s.make("taken")
	_, problem := detailed(err, "UNIQUENESS_VIOLATION", "name")
	return problem
}

func (s *session) refusesBadName() error {
	_, err := s.make("<b>")
	_, problem := detailed(err, "INVALID_VALUE", "name")
	return problem
}

func (s *session) keepsType() error {
	made, err := s.make("of one type")
	if err != nil {
		return err
	}
	err = s.put(made.GetId(), sdk.NewGateway("of another", sdk.ENUMGATEWAYTYPE_PING_FEDERATE, true))
	if _, problem := detailed(err, "CONSTRAINT_VIOLATION", "type"); problem != nil {
		return problem
	}
	seen, err := s.get(made.GetId())
	if err == nil && (seen.GetName() != "of one type" || seen.GetType() != made.GetType()) {
		return errors.New("it has changed")
	}
	return err
}

func (s *session) deletes() error {
	made, err := s.make("to be deleted")
	if err != nil {
		return err
	}
	if err := s.remove(made.GetId()); err != nil {
		return err
	}
	_, err = s.get(made.GetId())
	if _, problem := refused(err, notFound, "NOT_FOUND"); problem != nil {
		return problem
	}
	_, err = s.list(made.GetId())
	_, problem := refused(err, notFound, "NOT_FOUND")
	return problem
}
