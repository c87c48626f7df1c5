package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	sdk "github.com/patrickcping/pingone-go-sdk-v2/management"
)

func (s *session) lists() []check {
	return []check{
		{"a list of three pages is followed to its end, and each gateway is in it once", s.pages},
		{"a gateway of a type that the SDK does not know leaves a list readable", s.listsUnknownType},
		{"an environment is found by its name, and read by its id", s.findsEnvironment},
	}
}

// all reads every page of the list of gateways.
func (s *session) all() (names map[string]int, types map[sdk.EnumGatewayType]int, pages int, err error) {
	names, types = map[string]int{}, map[sdk.EnumGatewayType]int{}
	for cursor, err := range s.api.GatewaysApi.ReadAllGateways(s.ctx, s.environment).Execute() {
		if err != nil {
			return nil, nil, 0, err
		}
		pages++
		embedded := cursor.EntityArray.GetEmbedded()
		for _, one := range embedded.GetGateways() {
			for _, gateway := range []common{one.Gateway, one.GatewayTypeLDAP, one.GatewayTypeRADIUS} {
				if name := gateway.GetName(); name != "" {
					names[name]++
					types[gateway.GetType()]++
				}
			}
		}
	}
	return names, types, pages, nil
}

func (s *session) pages() error {
	wanted := map[string]bool{}
	for i := range 210 {
		name := fmt.Sprintf("one of many %d", i)
		if _, err := s.make(name); err != nil {
			return err
		}
		wanted[name] = true
	}
	names, _, pages, err := s.all()
	if err != nil {
		return err
	}
	for name := range wanted {
		if names[name] != 1 {
			return fmt.Errorf("%s is there %d times", name, names[name])
		}
	}
	if pages < 3 {
		return fmt.Errorf("%d pages", pages)
	}
	return nil
}

func (s *session) listsUnknownType() error {
	url := fmt.Sprintf("%s/environments/%s/gateways", s.base(), s.environment)
	body := strings.NewReader(`{"name":"of a type of its own","type":"AUTHORIZE"}`)
	request, err := http.NewRequestWithContext(s.ctx, http.MethodPost, url, body)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", s.api.GetConfig().DefaultHeader["Authorization"])
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusCreated {
		return fmt.Errorf("creating it answers %d", answer.StatusCode)
	}
	names, types, _, err := s.all()
	if err == nil && (names["of a type of its own"] != 1 || types["UNKNOWN"] != 1) {
		return errors.New("it is not in the list")
	}
	return err
}

func (s *session) base() string {
	url, err := s.api.GetConfig().ServerURLWithContext(s.ctx, "")
	if err != nil {
		panic(err)
	}
	return url
}

func (s *session) findsEnvironment() error {
	read, _, err := s.api.EnvironmentsApi.ReadOneEnvironment(s.ctx, s.environment).Execute()
	if err != nil {
		return err
	}
	filter := fmt.Sprintf("name eq %q", read.GetName())
	for cursor, err := range s.api.EnvironmentsApi.ReadAllEnvironments(s.ctx).Filter(filter).Execute() {
		if err != nil {
			return err
		}
		embedded := cursor.EntityArray.GetEmbedded()
		found := embedded.GetEnvironments()
		if len(found) != 1 || found[0].GetId() != s.environment {
			return fmt.Errorf("%d found", len(found))
		}
	}
	return nil
}
