package provision

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/spillway-gateway/spillway/internal/azure"
)

// Failure is something that Azure refused or that could not be asked.
type Failure struct {
	// Region is where, "" for no region in particular.
	Region string
	// Subject is what it was about, "" when that is plain from the message.
	Subject string
	// Hint is what to do about it, "" when nothing is known.
	Hint string
	Err  error
}

// Error is one line.
func (f *Failure) Error() string {
	var parts []string
	for _, s := range []string{f.Region, f.Subject} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(append(parts, azure.Explain(f.Err)), ": ")
}

// Unwrap is what the SDK said.
func (f *Failure) Unwrap() error { return f.Err }

// fail says where an error was met. One that knows it already stays as it is.
func fail(region, subject string, err error) error {
	if err == nil {
		return nil
	}
	var known *Failure
	if errors.As(err, &known) {
		if known.Region == "" {
			known.Region = region
		}
		if known.Subject == "" {
			known.Subject = subject
		}
		return err
	}
	return &Failure{Region: region, Subject: subject, Hint: hint(err), Err: err}
}

const (
	hintDeleted = "onDeleted: restore brings it back, onDeleted: purge removes it for good; Azure does so itself after 48 hours"
	hintTaken   = "give the region another account, or the file another name"
	hintAgain   = "run it again: what is done stays, and is not done twice"
)

// hints are what to do about ARM's codes.
var hints = map[string]string{
	"InsufficientQuota":                   "a lower capacity fits, or more quota: https://aka.ms/oai/quotaincrease; deleted accounts keep theirs until they are purged",
	"SpecialFeatureOrQuotaIdRequired":     "the subscription has no access to Azure OpenAI, or not to this model: https://aka.ms/oai/access",
	"CustomDomainInUse":                   hintTaken,
	"FlagMustBeSetForRestore":             hintDeleted,
	"ServiceModelDeprecated":              "spillway provision check names a successor",
	"DeploymentModelNotSupported":         "spillway provision check names what the region has",
	"InvalidResourceProperties":           "a deployment that cannot be changed so has to be deleted first; spillway provision check tells what the region has",
	"AuthorizationFailed":                 "the identity needs the role Cognitive Services Contributor on the resource group, and Contributor to create it; Cognitive Services Usages Reader shows quotas",
	"LinkedAuthorizationFailed":           "the identity needs the role Cognitive Services Contributor on the resource group",
	"SubscriptionNotFound":                "az account list shows the subscriptions; -tenant signs in to another tenant",
	"InvalidAuthenticationTokenTenant":    "the subscription belongs to another tenant: -tenant names it",
	"InvalidSubscriptionId":               "az account list shows the subscriptions",
	"RequestConflict":                     hintAgain,
	"RequestDisallowedByPolicy":           "an Azure policy of the subscription forbids it; its message says which",
	"ResourceGroupBeingDeleted":           "wait until the resource group is gone, then run it again",
	"LocationNotAvailableForResourceType": "the region has no Azure OpenAI, or its name is not the short one; az account list-locations shows them",
	"NoRegisteredProviderFound":           "the region has no Azure OpenAI, or its name is not the short one; az account list-locations shows them",
	"ScopeLocked":                         "a lock on the resource group or the account has to be taken away first",
}

// hint is what to do about an error.
func hint(err error) string {
	var response *azcore.ResponseError
	if errors.As(err, &response) {
		if h := hints[response.ErrorCode]; h != "" {
			return h
		}
		switch {
		case response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= 500:
			return hintAgain
		case response.StatusCode == http.StatusForbidden:
			return hints["AuthorizationFailed"]
		}
		return ""
	}
	var refused *azidentity.AuthenticationFailedError
	switch {
	case errors.As(err, &refused), strings.Contains(err.Error(), "Credential"):
		return "az login signs in; -identity chooses another way"
	case errors.Is(err, context.Canceled):
		return hintAgain
	}
	return ""
}
