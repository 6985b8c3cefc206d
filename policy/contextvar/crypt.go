package contextvar

import (
	"github.com/spillway-gateway/spillway/expr/bcl/crypto"
	"github.com/spillway-gateway/spillway/expr/value"
)

// named is what the form with the name of an algorithm uses: AES in CBC with
// PKCS7, the only one that policies were seen to name.
func named(c *value.Call, encrypt bool) *crypto.Cipher {
	switch c.Str(1) {
	case "Aes", "AES", "Rijndael":
	default:
		c.Throw(value.ArgumentException, "alg")
	}
	return crypto.NewCipher(c.Thread, crypto.ModeCBC, crypto.PaddingPKCS7, c.Args[2], c.Args[3], encrypt)
}

// configured is what the forms with a SymmetricAlgorithm use: its key and IV
// unless others are given.
func configured(c *value.Call, encrypt bool) *crypto.Cipher {
	alg, ok := c.Args[1].Object().(*crypto.Aes)
	if !ok {
		c.NullReference()
	}
	if len(c.Args) > 2 {
		return alg.Cipher(c.Thread, &c.Args[2], &c.Args[3], encrypt)
	}
	return alg.Cipher(c.Thread, nil, nil, encrypt)
}

func bytesOf(v value.Value) []byte {
	if a, ok := v.Object().(*value.Array); ok {
		return a.Bytes()
	}
	return nil
}

func cryptMembers() []value.Members {
	var rows []value.Row
	for _, way := range []struct {
		name, doc string
		encrypt   bool
	}{{"Encrypt", "The bytes encrypted", true}, {"Decrypt", "The bytes decrypted", false}} {
		row := func(params, doc string, with func(c *value.Call, encrypt bool) *crypto.Cipher) {
			rows = append(rows, value.Row{
				Sig: "static byte[] " + way.name + "(this byte[] input, " + params + ")", Doc: way.doc + doc, Effects: value.DrawsRandom,
				Func: func(c *value.Call) value.Value {
					cipher := with(c, way.encrypt)
					if c.Args[0].IsNull() {
						c.NullReference()
					}
					return value.Bytes(cipher.Run(bytesOf(c.Args[0])))
				},
			})
		}
		row("string alg, byte[] key, byte[] iv", " with the named algorithm: \"Aes\", in CBC with PKCS7 padding.", named)
		row("SymmetricAlgorithm alg", " with the algorithm as it is configured.", configured)
		row("SymmetricAlgorithm alg, byte[] key, byte[] iv", " with the algorithm, but another key and initialization vector.", configured)
	}
	return []value.Members{{Def: helpersDef, Rows: rows}}
}
