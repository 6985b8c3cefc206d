package azure

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// Kinds are the ways to a token. default tries all of them but simulated, in the
// order of azidentity's DefaultAzureCredential; the others are that one way
// alone, which fails sooner and says more.
var Kinds = []string{"default", "environment", "workload", "managed", "cli", "simulated"}

// credential makes the credential of a client id, "" for the machine's.
func (o Options) credential(clientID string) (azcore.TokenCredential, error) {
	c, err := Cloud(o.Cloud)
	if err != nil {
		return nil, err
	}
	client := clientOptions(c, o.Client)
	managed := func() (azcore.TokenCredential, error) {
		m := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: client}
		if clientID != "" {
			m.ID = azidentity.ClientID(clientID)
		}
		return azidentity.NewManagedIdentityCredential(m)
	}
	workload := func() (azcore.TokenCredential, error) {
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: client, ClientID: clientID, TenantID: o.Tenant,
		})
	}
	environment := func() (azcore.TokenCredential, error) {
		return azidentity.NewEnvironmentCredential(&azidentity.EnvironmentCredentialOptions{ClientOptions: client})
	}
	cli := func() (azcore.TokenCredential, error) {
		return azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: o.Tenant})
	}
	azd := func() (azcore.TokenCredential, error) {
		return azidentity.NewAzureDeveloperCLICredential(&azidentity.AzureDeveloperCLICredentialOptions{TenantID: o.Tenant})
	}
	switch o.Kind {
	case "", "default":
		if clientID == "" {
			return azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{ClientOptions: client, TenantID: o.Tenant})
		}
		// The default chain takes a client id from the environment alone, and so
		// one for the whole process; a policy may name any. This is the same chain
		// with the client id where it has a meaning.
		return chain([]way{
			{"EnvironmentCredential", environment},
			{"WorkloadIdentityCredential", workload},
			{"ManagedIdentityCredential", func() (azcore.TokenCredential, error) {
				m, err := managed()
				return &probed{TokenCredential: m}, err
			}},
			{"AzureCLICredential", cli},
			{"AzureDeveloperCLICredential", azd},
		})
	case "environment":
		return environment()
	case "workload":
		return workload()
	case "managed":
		return managed()
	case "cli":
		return chain([]way{{"AzureCLICredential", cli}, {"AzureDeveloperCLICredential", azd}})
	case "simulated":
		return simulated{clientID, o.Clock.Now}, nil
	}
	return nil, fmt.Errorf("there is no identity %q; there are %s", o.Kind, strings.Join(Kinds, ", "))
}

// way is one way of a chain.
type way struct {
	name string
	make func() (azcore.TokenCredential, error)
}

// chain tries ways one after the other. One that cannot even be made is not
// available, and the error at the end says so.
func chain(ways []way) (azcore.TokenCredential, error) {
	var list []azcore.TokenCredential
	for _, s := range ways {
		c, err := s.make()
		if err != nil {
			c = unavailable{s.name + ": " + oneLine(err.Error())}
		}
		list = append(list, c)
	}
	return azidentity.NewChainedTokenCredential(list, nil)
}

// unavailable is a way that this machine does not have.
type unavailable struct{ why string }

// GetToken implements azcore.TokenCredential.
func (u unavailable) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{}, azidentity.NewCredentialUnavailableError(u.why)
}

// metadata is where virtual machines ask for the tokens of their identities.
const metadata = "http://169.254.169.254/metadata/identity/oauth2/token"

// probed asks for a managed identity only where there is somebody to ask. On a
// developer's machine nobody answers at the metadata address, and the credential
// itself would try for minutes before the chain goes on.
type probed struct {
	azcore.TokenCredential
	once  sync.Once
	there bool
}

// GetToken implements azcore.TokenCredential.
func (p *probed) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	p.once.Do(func() { p.there = hosted() || answers(ctx, metadata) })
	if !p.there {
		return azcore.AccessToken{}, azidentity.NewCredentialUnavailableError("ManagedIdentityCredential: no metadata service answers here")
	}
	return p.TokenCredential.GetToken(ctx, o)
}

// hosted reports whether the environment says where to ask, as App Service,
// Container Apps, Arc and others do.
func hosted() bool {
	for _, name := range []string{"IDENTITY_ENDPOINT", "MSI_ENDPOINT", "IMDS_ENDPOINT"} {
		if os.Getenv(name) != "" {
			return true
		}
	}
	return false
}

// answers reports whether anything speaks HTTP at a URL. The request lacks the
// header Metadata, so that the service refuses it at once.
func answers(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	t := &http.Transport{DialContext: (&net.Dialer{}).DialContext, DisableKeepAlives: true}
	resp, err := t.RoundTrip(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return true
}
