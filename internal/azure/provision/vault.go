package provision

import (
	"context"
	"errors"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
)

// StoreKeys puts the keys of regions into the file's Key Vault and gives the
// identifiers of the secrets by region. A secret that holds the key already gets
// no new version.
func (c *Client) StoreKeys(ctx context.Context, f *File, list []Access) (map[string]string, error) {
	if f.Keys != "keyVault" {
		return nil, nil
	}
	subject := "Key Vault " + f.KeyVault
	client, err := azsecrets.NewClient(f.vaultURL(c.options.Cloud), c.options.Credential, &azsecrets.ClientOptions{ClientOptions: c.vaultOptions})
	if err != nil {
		return nil, fail("", subject, err)
	}
	ids := map[string]string{}
	for _, a := range list {
		name := secretName(a.Account)
		if err := c.storeKey(ctx, client, a, name); err != nil {
			return nil, fail(a.Region, subject, vaultError(err))
		}
		ids[a.Region] = f.vaultURL(c.options.Cloud) + "/secrets/" + name
	}
	return ids, nil
}

// secretName is that of an account's first key. Account names are secret names.
func secretName(account string) string { return strings.ToLower(account) + "-key1" }

func (c *Client) storeKey(ctx context.Context, client *azsecrets.Client, a Access, name string) error {
	got, err := client.GetSecret(ctx, name, "", nil)
	if err == nil && deref(got.Value) == a.Keys[0] {
		c.tell(a.Region, "secret "+name, "is there")
		return nil
	}
	if err != nil && !absent(err) {
		return err
	}
	if _, err := client.SetSecret(ctx, name, azsecrets.SetSecretParameters{
		Value: to.Ptr(a.Keys[0]), ContentType: to.Ptr("key of the Azure OpenAI account " + a.Account),
	}, nil); err != nil {
		return err
	}
	c.tell(a.Region, "secret "+name, "has the key")
	return nil
}

// vaultError says what to do about a refusal: a vault has roles of its own.
func vaultError(err error) error {
	var response *azcore.ResponseError
	if !errors.As(err, &response) {
		return err
	}
	hint := hint(err)
	switch {
	case response.StatusCode == 403:
		hint = "whoever provisions needs the role Key Vault Secrets Officer there, and the gateway's identity Key Vault Secrets User"
	case response.StatusCode == 409:
		hint = "the vault keeps a deleted secret of the name: az keyvault secret recover brings it back, purge removes it"
	}
	return &Failure{Hint: hint, Err: err}
}
