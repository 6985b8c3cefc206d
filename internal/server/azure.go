package server

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/azure"
	"github.com/spillway-gateway/spillway/internal/settings"
)

// identities are the process's ways to Azure. A service whose settings say the
// same as those before keeps the identity, and with it the tokens.
type identities struct {
	mu      sync.Mutex
	by      map[string]*azure.Identity
	current *azure.Identity
	// hint is added to the error of a token that there is not.
	hint    string
	options azure.Options // what spillway.yaml has no word for
}

// of is the identity that settings describe, made at its first use.
func (i *identities) of(a settings.Azure, tokens map[string]string) *azure.Identity {
	key := fmt.Sprintf("%q %q %q %q %q", a.Identity, a.ClientID, a.Tenant, a.Cloud, tokens)
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.by[key] == nil {
		o := i.options
		o.Kind, o.ClientID, o.Tenant, o.Cloud, o.Fixed = a.Identity, a.ClientID, a.Tenant, a.Cloud, tokens
		if i.by == nil {
			i.by = map[string]*azure.Identity{}
		}
		i.by[key] = azure.New(o)
	}
	return i.by[key]
}

// simulatedHint is for machines without an identity, whose regions need none of
// Azure's tokens.
const simulatedHint = "simulated regions take simulated tokens: azure: {identity: simulated} in spillway.yaml"

// use makes an identity that of all requests from now on, and forgets those that
// were only tried. simulated says that the service has simulated regions.
func (i *identities) use(a settings.Azure, tokens map[string]string, simulated bool) {
	now := i.of(a, tokens)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.current, i.hint = now, ""
	if simulated && a.Identity != "simulated" {
		i.hint = simulatedHint
	}
	for key, other := range i.by {
		if other != now {
			delete(i.by, key)
		}
	}
}

// Token implements what policies and backends ask for a token.
func (i *identities) Token(ctx context.Context, resource, clientID string) (string, error) {
	token, err := i.now().Token(ctx, resource, clientID)
	if err == nil {
		return token, nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.hint != "" {
		err = fmt.Errorf("%w; %s", err, i.hint)
	}
	return "", err
}

// now is the identity of the service in force.
func (i *identities) now() *azure.Identity {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.current
}

// vault reads the secrets of Key Vaults for a folder that is being loaded.
func (p *process) vault(a settings.Azure, tokens map[string]string, refs []apim.KeyVaultSecret) ([]string, []error) {
	return p.secrets.Values(context.Background(), p.identities.of(a, tokens), refs)
}

// secretInterval is how old a secret may become.
func (p *process) secretInterval() time.Duration {
	return time.Duration(p.interval.Load())
}

// vaults are what the management API reads secrets with. It does so within
// writes, so nothing here may wait for the store.
type vaults struct{ process *process }

// Read implements management.Vault.
func (v vaults) Read(ctx context.Context, ref apim.KeyVaultSecret) error {
	_, err := v.process.secrets.Read(ctx, v.process.identities.now(), ref)
	return err
}

// Status implements management.Vault.
func (v vaults) Status(ref apim.KeyVaultSecret) azure.Status { return v.process.secrets.Status(ref) }

// wanted are the secrets that the service in force refers to, and what opens
// their vaults.
func (p *process) wanted() (identity *azure.Identity, refs []apim.KeyVaultSecret) {
	p.store.Exclusive(func() {
		refs = p.loaded.VaultSecrets()
		identity = p.identities.of(p.loaded.Settings.Azure, p.loaded.Tokens)
	})
	return identity, refs
}

// secretsChanged puts new values of secrets into force.
func (p *process) secretsChanged() {
	if err := p.refresh(); err != nil {
		p.log.Logger().Error("the service could not be compiled with a secret's new value; the last good service goes on", "error", err.Error())
	}
}
