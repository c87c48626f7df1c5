module warder.test/management

go 1.25.6

require (
	github.com/patrickcping/pingone-go-sdk-v2/management v0.70.0
	golang.org/x/oauth2 v0.30.0
)
