package net

import (
	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// The types of this package.
var (
	UriDef       = types.Declare("System", "public class Uri : IEquatable<Uri>")
	UriFormatDef = types.Declare("System", "public class UriFormatException : FormatException")
	IPAddressDef = types.Declare("System.Net", "public class IPAddress")

	UriType       = UriDef.Type()
	IPAddressType = IPAddressDef.Type()

	webDef        = types.Declare("System.Net", "public static class WebUtility")
	familyDef     = types.Declare("System.Net.Sockets", "public enum AddressFamily { Unspecified = 0, Unix = 1, InterNetwork = 2, InterNetworkV6 = 23, Unknown = -1 }")
	socketDef     = types.Declare("System.Net.Sockets", "public class SocketException : SystemException")
	kindDef       = types.Declare("System", "public enum UriKind { RelativeOrAbsolute = 0, Absolute = 1, Relative = 2 }")
	partialDef    = types.Declare("System", "public enum UriPartial { Scheme = 0, Authority = 1, Path = 2, Query = 3 }")
	hostTypeDef   = types.Declare("System", "public enum UriHostNameType { Unknown = 0, Basic = 1, Dns = 2, IPv4 = 3, IPv6 = 4 }")
	formatDef     = types.Declare("System", "public enum UriFormat { UriEscaped = 1, Unescaped = 2, SafeUnescaped = 3 }")
	componentsDef = flags(types.Declare("System", "public enum UriComponents { Scheme = 1, UserInfo = 2, Host = 4, Port = 8, SchemeAndServer = 13, Path = 16, Query = 32, PathAndQuery = 48, HttpRequestUrl = 61, Fragment = 64, AbsoluteUri = 127, StrongPort = 128, HostAndPort = 132, StrongAuthority = 134, NormalizedHost = 256, KeepDelimiter = 1073741824, SerializationInfoString = -2147483648 }"))
)

func flags(d *types.Def) *types.Def {
	d.Flags = true
	return d
}

// Members is the table of this package.
func Members() []value.Members {
	return []value.Members{
		{Def: GuidDef, Doc: "A 128-bit id.", Rows: guidRows, Ops: &value.Ops{Zero: func() value.Value { return value.Of(new(Guid)) }}},
		{Def: UriDef, Doc: "An address.", Rows: uriRows()},
		{Def: UriFormatDef, Doc: "A text that is no address.", Rows: value.ExceptionRows(UriFormatDef, "One of the identified items was in an invalid format.")},
		{Def: kindDef, Doc: "Whether an address is absolute.", Beyond: true},
		{Def: partialDef, Doc: "How far the left part of an address goes."},
		{Def: hostTypeDef, Doc: "What a host is.", Beyond: true},
		{Def: formatDef, Doc: "How escapes are shown.", Beyond: true},
		{Def: componentsDef, Doc: "The parts of an address.", Beyond: true},
		{Def: IPAddressDef, Doc: "An address of the internet protocol.", Rows: ipRows()},
		{Def: familyDef, Doc: "The version of an address.", Beyond: true},
		{Def: socketDef, Doc: "What an address does not have.", Beyond: true, Rows: value.ExceptionRows(socketDef, "Unknown error")},
		{Def: webDef, Doc: "The encodings of forms and of HTML.", Rows: webRows},
	}
}
