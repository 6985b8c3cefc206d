package cli

import (
	"fmt"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/artifact"
)

const effectiveUsage = `Usage: spillway effective [-product NAME] DIR API [OPERATION]

Prints the policy that an operation runs: the documents of all scopes put
together, each run of elements with the scope and file it comes from. Without an
operation it is that of the API as a whole.

    -product  in the context of a product
`

// effective is the effective command.
func effective(w World, args []string) int {
	fs := w.flags("effective", effectiveUsage)
	product := fs.String("product", "", "")
	rest, code := w.parse(fs, args)
	if code >= 0 {
		return code
	}
	if len(rest) < 2 || len(rest) > 3 {
		w.errorf("effective: a service folder and an API are needed, and perhaps an operation")
		return exitUsage
	}
	root, err := artifact.Open(rest[0])
	if err != nil {
		w.errorf("effective: %v", err)
		return exitUsage
	}
	defer func() { _ = root.Close() }()
	l, problems := loadForReading(root, rest[0], nil)
	if l.Service == nil {
		return w.report(problems.Errors(), false)
	}
	svc := l.Folder.Service
	api := svc.API(rest[1])
	if api == nil {
		w.errorf("effective: there is no API %s", rest[1])
		w.hintNames(rest[1], "APIs", names(svc.APIs, func(a *apim.API) string { return a.Name }))
		return exitUsage
	}
	var operation *apim.Operation
	if len(rest) == 3 {
		if operation = api.Operation(rest[2]); operation == nil {
			w.errorf("effective: the API has no operation %s", rest[2])
			w.hintNames(rest[2], "operations", names(api.Operations, func(o *apim.Operation) string { return o.Name }))
			return exitUsage
		}
	}
	var p *apim.Product
	if *product != "" {
		if p = svc.Product(*product); p == nil {
			w.errorf("effective: there is no product %s", *product)
			w.hintNames(*product, "products", names(svc.Products, func(p *apim.Product) string { return p.Name }))
			return exitUsage
		}
	}
	fmt.Fprint(w.Stdout, l.Service.Policies().Pipeline(api, operation, p).Effective())
	return exitDone
}

func names[T any](list []T, name func(T) string) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = name(x)
	}
	return out
}
