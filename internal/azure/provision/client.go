package provision

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	cognitive "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/cognitiveservices/armcognitiveservices/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"

	"github.com/spillway-gateway/spillway/internal/azure"
)

// Options say how to reach Azure.
type Options struct {
	// Subscription is the Azure subscription's id.
	Subscription string
	Credential   azcore.TokenCredential
	// Cloud is one of azure.Clouds, "" for the public one.
	Cloud string
	// Endpoint is another Resource Manager's URL, "" for the cloud's own. Plain
	// http is for stand-ins on the machine itself.
	Endpoint string
	// Transport makes the requests; nil takes the SDK's own.
	Transport policy.Transporter
	// Poll is how long to wait between two looks at what Azure is creating, in
	// seconds or more outside of tests; 0 is five seconds.
	Poll time.Duration
	// Progress is told what happens, from several goroutines; nil is nobody.
	Progress func(Event)
	// Now is what models retire by; nil is the machine's time.
	Now func() time.Time
}

// Event is one thing that happened, or goes on.
type Event struct {
	// Region is where, "" for the resource group and the folder.
	Region string
	// Subject is what it is about, such as "account contoso-eastus".
	Subject string
	// Text is what happened to it.
	Text string
}

// Client works on one subscription.
type Client struct {
	options      Options
	vaultOptions policy.ClientOptions
	groups       *armresources.ResourceGroupsClient
	inGroup      *armresources.Client

	accounts    *cognitive.AccountsClient
	deployments *cognitive.DeploymentsClient
	deleted     *cognitive.DeletedAccountsClient
	models      *cognitive.ModelsClient
	usages      *cognitive.UsagesClient
	capacities  *cognitive.ModelCapacitiesClient
	management  *cognitive.ManagementClient
}

const (
	// tries is how often a request is made that ARM throttles or fails, and
	// patience the longest wait between two. ARM's own hints are up to a minute.
	tries    = 8
	patience = 60 * time.Second
	// conflicts is how often an account that is busy with another operation is
	// asked again.
	conflicts = 60
	// longest bounds one creation. Accounts take seconds, provisioned
	// deployments minutes.
	longest = 30 * time.Minute
)

// Connect makes a client. It asks nobody yet.
func Connect(o Options) (*Client, error) {
	if !subscriptionID().MatchString(o.Subscription) {
		return nil, errors.New("the id of an Azure subscription is needed: subscription in the file, or the variable AZURE_SUBSCRIPTION_ID")
	}
	if o.Poll == 0 {
		o.Poll = 5 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Progress == nil {
		o.Progress = func(Event) {}
	}
	c := &Client{options: o}
	where, err := azure.Cloud(o.Cloud)
	if err != nil {
		return nil, err
	}
	options := &arm.ClientOptions{ClientOptions: policy.ClientOptions{
		Cloud: where, Transport: o.Transport, Telemetry: policy.TelemetryOptions{ApplicationID: "spillway"},
		Retry:            policy.RetryOptions{MaxRetries: tries, RetryDelay: min(o.Poll, 2*time.Second), MaxRetryDelay: patience},
		PerRetryPolicies: []policy.Policy{throttled{c, "Resource Manager"}},
	}}
	c.vaultOptions = options.ClientOptions
	c.vaultOptions.PerRetryPolicies = []policy.Policy{throttled{c, "Key Vault"}}
	if o.Endpoint != "" {
		u, err := url.Parse(o.Endpoint)
		if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
			return nil, errors.New("the address of Resource Manager is an https URL; http is for this machine alone")
		}
		options.InsecureAllowCredentialWithHTTP = u.Scheme == "http"
		options.Cloud = cloud.Configuration{
			ActiveDirectoryAuthorityHost: where.ActiveDirectoryAuthorityHost,
			Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
				cloud.ResourceManager: {Endpoint: strings.TrimSuffix(o.Endpoint, "/"), Audience: where.Services[cloud.ResourceManager].Audience},
			},
		}
	}
	services, err := cognitive.NewClientFactory(o.Subscription, o.Credential, options)
	if err != nil {
		return nil, err
	}
	if c.groups, err = armresources.NewResourceGroupsClient(o.Subscription, o.Credential, options); err != nil {
		return nil, err
	}
	if c.inGroup, err = armresources.NewClient(o.Subscription, o.Credential, options); err != nil {
		return nil, err
	}
	c.accounts, c.deployments, c.deleted = services.NewAccountsClient(), services.NewDeploymentsClient(), services.NewDeletedAccountsClient()
	c.models, c.usages, c.capacities = services.NewModelsClient(), services.NewUsagesClient(), services.NewModelCapacitiesClient()
	c.management = services.NewManagementClient()
	return c, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// tell reports progress.
func (c *Client) tell(region, subject, format string, args ...any) {
	c.options.Progress(Event{region, subject, fmt.Sprintf(format, args...)})
}

// throttled tells of answers that make the SDK wait, which it does in silence.
type throttled struct {
	client *Client
	who    string
}

// Do implements policy.Policy.
func (t throttled) Do(req *policy.Request) (*http.Response, error) {
	resp, err := req.Next()
	if err == nil && resp.StatusCode == http.StatusTooManyRequests {
		wait := ""
		if after := resp.Header.Get("Retry-After"); after != "" {
			wait = ": it asks to wait " + after + " s"
		}
		t.client.tell("", t.who, "throttles%s", wait)
	}
	return resp, err
}

// pages collects what a pager gives, up to a bound that no subscription has.
func pages[P, T any](ctx context.Context, pager *runtime.Pager[P], items func(P) []*T) ([]*T, error) {
	const most = 10000
	var all []*T
	for pager.More() && len(all) < most {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, items(page)...)
	}
	return all, nil
}

// code is the code of an error of ARM, "" for any other.
func code(err error) string {
	var response *azcore.ResponseError
	if errors.As(err, &response) {
		return response.ErrorCode
	}
	return ""
}

func absent(err error) bool {
	var response *azcore.ResponseError
	return errors.As(err, &response) && response.StatusCode == http.StatusNotFound && code(err) != "SubscriptionNotFound"
}

// pause waits between two looks, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// patiently calls do until the account is not busy any more: somebody else, or
// Azure itself, may be changing it.
func (c *Client) patiently(ctx context.Context, region, subject string, do func() error) error {
	for i := 0; ; i++ {
		err := do()
		if code(err) != "RequestConflict" || i == conflicts {
			return err
		}
		if i == 0 {
			c.tell(region, subject, "waits: the account is busy with another operation")
		}
		if err := pause(ctx, c.options.Poll); err != nil {
			return err
		}
	}
}
