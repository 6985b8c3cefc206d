// Package azure is what a gateway needs of Azure itself: tokens of Microsoft
// Entra ID for the backends that take no keys, and secrets of Key Vaults for
// named values. Package azure/provision creates what the gateway then balances.
//
// Nothing here does anything before it is asked: a service that uses neither
// identities nor vaults starts no request and no goroutine.
package azure

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// Clouds are the names that Cloud takes, the usual one first.
var Clouds = []string{"public", "government", "china"}

// Cloud is one of Azure's clouds by its name; "" is the public one.
func Cloud(name string) (cloud.Configuration, error) {
	switch name {
	case "", "public":
		return cloud.AzurePublic, nil
	case "government":
		return cloud.AzureGovernment, nil
	case "china":
		return cloud.AzureChina, nil
	}
	return cloud.Configuration{}, fmt.Errorf("there is no cloud %q; there are %s", name, strings.Join(Clouds, ", "))
}

// Explain is one line that says what Azure did not like, without the request,
// the stack of attempts and the documentation links that errors of its SDK
// carry over many lines.
func Explain(err error) string {
	var response *azcore.ResponseError
	if errors.As(err, &response) {
		if code, message := body(response); message != "" {
			return fmt.Sprintf("%s (%d %s)", strings.TrimRight(message, " ."), response.StatusCode, code)
		}
		if response.ErrorCode != "" {
			return fmt.Sprintf("%s (%d)", response.ErrorCode, response.StatusCode)
		}
		return fmt.Sprintf("%d %s", response.StatusCode, http.StatusText(response.StatusCode))
	}
	var refused *azidentity.AuthenticationFailedError
	if errors.As(err, &refused) && refused.RawResponse != nil {
		if text := description(refused.RawResponse); text != "" {
			return text
		}
	}
	return oneLine(err.Error())
}

// oneLine joins the lines of a text, without those that only draw.
func oneLine(text string) string {
	var parts []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.Trim(line, "-=") == "" || strings.HasPrefix(line, "To troubleshoot, visit") || line == "Response contained no body" {
			continue
		}
		parts = append(parts, strings.TrimRight(line, "."))
	}
	out := strings.Join(parts, "; ")
	if len(out) > maxExplained {
		out = strings.ToValidUTF8(out[:maxExplained], "") + "…"
	}
	return out
}

// maxExplained bounds a line, in bytes: a chain of five credentials that all
// say at length why they are not available fits.
const maxExplained = 1000

// clientOptions are the options that all clients of the SDK share.
func clientOptions(c cloud.Configuration, client *http.Client) policy.ClientOptions {
	o := policy.ClientOptions{Cloud: c, Telemetry: policy.TelemetryOptions{ApplicationID: "spillway"}}
	if client != nil {
		o.Transport = client
	}
	return o
}
