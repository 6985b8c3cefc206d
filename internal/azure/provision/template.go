package provision

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Bicep is a Bicep file for each resource group that accounts are created in, by
// the group's name: the same accounts and deployments as Apply makes, and their
// endpoints as outputs. Existing accounts are none of them.
func (f *File) Bicep() map[string]string {
	files := map[string]string{}
	for _, group := range f.Groups() {
		files[group] = f.bicep(group)
	}
	return files
}

func (f *File) bicep(group string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "// Azure OpenAI accounts and deployments of %s. An account has one operation at\n// a time, so that its deployments depend on one another.\n", f.Name)
	fmt.Fprintf(&b, "targetScope = 'resourceGroup'\n\nvar tags = {\n")
	for _, k := range f.tagNames() {
		fmt.Fprintf(&b, "  %s: %s\n", bicepKey(k), bicepText(f.tags()[k]))
	}
	b.WriteString("}\n")
	for i := range f.Regions {
		r := &f.Regions[i]
		if r.Existing || !strings.EqualFold(r.ResourceGroup, group) {
			continue
		}
		id := symbol(r.Name)
		fmt.Fprintf(&b, `
resource %s 'Microsoft.CognitiveServices/accounts@2025-06-01' = {
  name: %s
  location: %s
  kind: 'OpenAI'
  sku: {
    name: %s
  }
  tags: tags
  properties: {
    customSubDomainName: %s
    publicNetworkAccess: 'Enabled'
    disableLocalAuth: %t
  }
}
`, id, bicepText(r.Account), bicepText(r.Name), bicepText(f.SKU), bicepText(strings.ToLower(r.Account)), f.Keys == "none")
		before := ""
		for j := range r.Models {
			m := &r.Models[j]
			name := fmt.Sprintf("%sDeployment%d", id, j+1)
			fmt.Fprintf(&b, "\nresource %s 'Microsoft.CognitiveServices/accounts/deployments@2025-06-01' = {\n  parent: %s\n  name: %s\n", name, id, bicepText(m.Deployment))
			fmt.Fprintf(&b, "  sku: {\n    name: %s\n    capacity: %d\n  }\n  properties: {\n    model: {\n      format: 'OpenAI'\n      name: %s\n", bicepText(m.SKU), m.Capacity, bicepText(m.Model))
			if m.Version != "" {
				fmt.Fprintf(&b, "      version: %s\n", bicepText(m.Version))
			}
			fmt.Fprintf(&b, "    }\n    versionUpgradeOption: %s\n  }\n", bicepText(m.Upgrade))
			if before != "" {
				fmt.Fprintf(&b, "  dependsOn: [\n    %s\n  ]\n", before)
			}
			b.WriteString("}\n")
			before = name
		}
		fmt.Fprintf(&b, "\noutput %sEndpoint string = %s.properties.endpoint\n", id, id)
	}
	return b.String()
}

// Terraform is a Terraform file with everything that Apply makes, and the
// endpoints and keys as outputs.
func (f *File) Terraform() string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Azure OpenAI accounts and deployments of %s. An account has one operation at a
# time, so that its deployments depend on one another.
terraform {
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 4.0"
    }
  }
}

provider "azurerm" {
  features {}
`, f.Name)
	if f.Subscription != "" {
		fmt.Fprintf(&b, "  subscription_id = %s\n", hclText(f.Subscription))
	}
	b.WriteString("}\n\nlocals {\n  tags = {\n")
	width := 0
	for _, k := range f.tagNames() {
		width = max(width, len(hclText(k)))
	}
	for _, k := range f.tagNames() {
		fmt.Fprintf(&b, "    %-*s = %s\n", width, hclText(k), hclText(f.tags()[k]))
	}
	b.WriteString("  }\n}\n")
	groups := map[string]string{}
	for i, name := range f.Groups() {
		id := "group"
		if i > 0 {
			id = fmt.Sprintf("group_%d", i+1)
		}
		groups[strings.ToLower(name)] = id
		fmt.Fprintf(&b, "\nresource \"azurerm_resource_group\" %q {\n  name     = %s\n  location = %s\n  tags     = local.tags\n}\n", id, hclText(name), hclText(f.Location))
	}
	for i := range f.Regions {
		r := &f.Regions[i]
		if r.Existing {
			continue
		}
		id := symbol(r.Name)
		group := "azurerm_resource_group." + groups[strings.ToLower(r.ResourceGroup)] + ".name"
		fmt.Fprintf(&b, `
resource "azurerm_cognitive_account" %q {
  name                  = %s
  location              = %s
  resource_group_name   = %s
  kind                  = "OpenAI"
  sku_name              = %s
  custom_subdomain_name = %s
  local_auth_enabled    = %t
  tags                  = local.tags
}
`, id, hclText(r.Account), hclText(r.Name), group, hclText(f.SKU), hclText(strings.ToLower(r.Account)), f.Keys != "none")
		before := ""
		for j := range r.Models {
			m := &r.Models[j]
			name := fmt.Sprintf("%s_%d", id, j+1)
			fmt.Fprintf(&b, "\nresource \"azurerm_cognitive_deployment\" %q {\n  name                   = %s\n  cognitive_account_id   = azurerm_cognitive_account.%s.id\n  version_upgrade_option = %s\n\n", name, hclText(m.Deployment), id, hclText(m.Upgrade))
			if m.Version == "" {
				fmt.Fprintf(&b, "  model {\n    format = \"OpenAI\"\n    name   = %s\n  }\n", hclText(m.Model))
			} else {
				fmt.Fprintf(&b, "  model {\n    format  = \"OpenAI\"\n    name    = %s\n    version = %s\n  }\n", hclText(m.Model), hclText(m.Version))
			}
			fmt.Fprintf(&b, "\n  sku {\n    name     = %s\n    capacity = %d\n  }\n", hclText(m.SKU), m.Capacity)
			if before != "" {
				fmt.Fprintf(&b, "\n  depends_on = [azurerm_cognitive_deployment.%s]\n", before)
			}
			b.WriteString("}\n")
			before = name
		}
		fmt.Fprintf(&b, "\noutput \"%s_endpoint\" {\n  value = azurerm_cognitive_account.%s.endpoint\n}\n", id, id)
		if f.Keys != "none" {
			fmt.Fprintf(&b, "\noutput \"%s_key\" {\n  value     = azurerm_cognitive_account.%s.primary_access_key\n  sensitive = true\n}\n", id, id)
		}
	}
	return b.String()
}

// tags are those of everything that is created.
func (f *File) tags() map[string]string {
	tags := maps.Clone(f.Tags)
	if tags == nil {
		tags = map[string]string{}
	}
	tags[OwnerTag] = f.Name
	return tags
}

func (f *File) tagNames() []string { return slices.Sorted(maps.Keys(f.tags())) }

// symbol is the name of a region in a template. Region names are letters and
// digits.
func symbol(region string) string { return region }

// bicepText is a text in Bicep's quotes, in which ${ would begin an expression.
func bicepText(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "${", `\${`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + "'"
}

// bicepKey is a key of an object: a name as it is, anything else in quotes.
func bicepKey(s string) string {
	for i, c := range s {
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return bicepText(s)
		}
	}
	if s == "" || slices.Contains([]string{"true", "false", "null", "if", "for", "in"}, s) {
		return bicepText(s)
	}
	return s
}

// hclText is a text in Terraform's quotes, in which ${ and %{ would begin
// templates.
func hclText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "${", "$${", "%{", "%%{", "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + `"`
}
