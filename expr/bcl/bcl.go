// Package bcl joins the tables of the library packages into the one list of
// .NET types and members that expressions may use. A type or a member that is
// in none of them does not exist for an expression.
package bcl

import (
	"github.com/spillway-gateway/spillway/expr/bcl/core"
	"github.com/spillway-gateway/spillway/expr/bcl/crypto"
	"github.com/spillway-gateway/spillway/expr/bcl/json"
	"github.com/spillway-gateway/spillway/expr/bcl/linq"
	"github.com/spillway-gateway/spillway/expr/bcl/net"
	"github.com/spillway-gateway/spillway/expr/bcl/number"
	"github.com/spillway-gateway/spillway/expr/bcl/regex"
	"github.com/spillway-gateway/spillway/expr/bcl/text"
	"github.com/spillway-gateway/spillway/expr/bcl/time"
	"github.com/spillway-gateway/spillway/expr/bcl/xml"
	"github.com/spillway-gateway/spillway/expr/value"
)

// Imports are the namespaces whose types need no qualification in a policy
// expression.
var Imports = []string{
	"System", "System.Collections.Generic", "System.Linq", "System.Text", "System.Text.RegularExpressions", "System.Xml.Linq", "System.Net", "System.Globalization",
	"System.Security.Cryptography", "System.Security.Cryptography.X509Certificates", "System.IO", "Newtonsoft.Json", "Newtonsoft.Json.Linq",
}

// Members lists all types with their members.
func Members() []value.Members {
	var list []value.Members
	for _, more := range [][]value.Members{core.Members(), number.Members(), text.Members(), linq.Members(), time.Members(), net.Members(), regex.Members(), crypto.Members(), json.Members(), xml.Members()} {
		list = append(list, more...)
	}
	return list
}
