// Package crypto is System.Security.Cryptography: hashes with and without a
// key, AES, RSA, random numbers, and X.509 certificates with their keys.
//
// The algorithms are those of Go's standard library; what is here is .NET's
// view of them, its argument checks and messages. PKCS #12 files are read here
// (pfx.go), which the standard library does not do.
package crypto

import (
	"strings"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

const (
	namespace     = "System.Security.Cryptography"
	x509Namespace = namespace + ".X509Certificates"
)

func declare(text string) *types.Def { return types.Declare(namespace, "public "+text) }

func declare509(text string) *types.Def { return types.Declare(x509Namespace, "public "+text) }

var (
	hashDef  = declare("abstract class HashAlgorithm : IDisposable, ICryptoTransform")
	keyedDef = declare("abstract class KeyedHashAlgorithm : HashAlgorithm")
	hmacDef  = declare("abstract class HMAC : KeyedHashAlgorithm")
	// ExceptionDef is CryptographicException.
	ExceptionDef  = declare("class CryptographicException : SystemException")
	unexpectedDef = declare("class CryptographicUnexpectedOperationException : CryptographicException")
)

func equalFold(a, b string) bool { return strings.EqualFold(a, b) }

// random draws bytes from the host's source.
func random(t *value.Thread, n int) []byte {
	b := make([]byte, n)
	fill(t, b)
	return b
}

func fill(t *value.Thread, b []byte) {
	t.Step(len(b)/64 + 1)
	for i := 0; i < len(b); i += 8 {
		w := t.Rand()
		for k := i; k < len(b) && k < i+8; k++ {
			b[k] = byte(w)
			w >>= 8
		}
	}
}

// Members is the table of this package.
func Members() []value.Members {
	list := []value.Members{
		{Def: ExceptionDef, Doc: "An error of cryptography.", Beyond: true, Rows: value.ExceptionRows(ExceptionDef, "Error occurred during a cryptographic operation.")},
		{Def: unexpectedDef, Doc: "An operation at the wrong time.", Beyond: true, Rows: value.ExceptionRows(unexpectedDef, "Error occurred during a cryptographic operation.")},
	}
	for _, more := range [][]value.Members{hashMembers(), cipherMembers(), rsaMembers(), randomMembers(), sizeMembers(), certificateMembers()} {
		list = append(list, more...)
	}
	return list
}
