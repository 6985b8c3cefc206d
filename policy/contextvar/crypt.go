package contextvar

import (
	"crypto/aes"
	"crypto/cipher"

	"github.com/spillway-gateway/spillway/expr/value"
)

// Numbers of CipherMode and PaddingMode.
const (
	modeCBC = 1
	modeECB = 2
	modeCFB = 4

	paddingNone  = 1
	paddingPKCS7 = 2
	paddingZeros = 3
	paddingX923  = 4
	paddingISO   = 5
)

// secret is one encryption or decryption: byte[].Encrypt and Decrypt.
type secret struct {
	t             *value.Thread
	mode, padding int
	key, iv       value.Value // byte[]
}

// named is what the form with the name of an algorithm uses: AES in CBC with
// PKCS7, the only one that policies were seen to name.
func named(c *value.Call) *secret {
	switch c.Str(1) {
	case "Aes", "AES", "Rijndael":
	default:
		c.Throw(value.ArgumentException, "alg")
	}
	return &secret{c.Thread, modeCBC, paddingPKCS7, c.Args[2], c.Args[3]}
}

// configured is what the forms with a SymmetricAlgorithm use: its key and IV
// unless others are given.
func configured(c *value.Call) *secret {
	alg := c.Args[1]
	if alg.IsNull() {
		c.NullReference()
	}
	s := &secret{t: c.Thread, mode: member(c.Thread, alg, "Mode").Int(), padding: member(c.Thread, alg, "Padding").Int()}
	if len(c.Args) > 2 {
		s.key, s.iv = c.Args[2], c.Args[3]
	} else {
		s.key, s.iv = member(c.Thread, alg, "Key"), member(c.Thread, alg, "IV")
	}
	return s
}

func (s *secret) fail(message string) {
	d := s.t.Table.Lookup(cryptoNamespace, "CryptographicException", 0)
	if d == nil {
		d = value.SystemException
	}
	s.t.Throw(d, message)
}

// block checks key and IV as CreateEncryptor does, and gives the cipher.
func (s *secret) block() (b cipher.Block, iv []byte) {
	if s.key.IsNull() {
		s.t.ThrowNull("rgbKey")
	}
	b, err := aes.NewCipher(bytesOf(s.key))
	if err != nil {
		s.t.ThrowArgument(value.ArgumentException, "Specified key is not a valid size for this algorithm.", "rgbKey")
	}
	if iv = bytesOf(s.iv); !s.iv.IsNull() && len(iv) != aes.BlockSize {
		s.t.ThrowArgument(value.ArgumentException, "Specified initialization vector (IV) does not match the block size for this algorithm.", "rgbIV")
	}
	if s.iv.IsNull() && s.mode != modeECB {
		s.fail("The cipher mode specified requires that an initialization vector (IV) be used.")
	}
	return b, iv
}

func bytesOf(v value.Value) []byte {
	if a, ok := v.Object().(*value.Array); ok {
		return a.Bytes()
	}
	return nil
}

// step is the number of bytes that the text must be a multiple of: a block,
// but one byte in CFB, which .NET runs with a feedback of 8 bits.
func (s *secret) step() int {
	if s.mode == modeCFB {
		return 1
	}
	return aes.BlockSize
}

func (s *secret) run(c *value.Call, encrypt bool) value.Value {
	b, iv := s.block()
	if c.Args[0].IsNull() {
		c.NullReference()
	}
	in := bytesOf(c.Args[0])
	c.Alloc(2 * (len(in) + aes.BlockSize))
	c.Step(len(in) / 64)
	text := append(make([]byte, 0, len(in)+aes.BlockSize), in...)
	if encrypt {
		text = s.pad(text)
	} else if len(text)%s.step() != 0 {
		s.fail("The input data is not a complete block.")
	}
	s.crypt(b, iv, text, encrypt)
	if !encrypt {
		text = s.unpad(text)
	}
	return value.Bytes(text)
}

func (s *secret) crypt(b cipher.Block, iv, text []byte, encrypt bool) {
	switch {
	case s.mode == modeECB:
		for i := 0; i < len(text); i += aes.BlockSize {
			if encrypt {
				b.Encrypt(text[i:], text[i:])
			} else {
				b.Decrypt(text[i:], text[i:])
			}
		}
	case s.mode == modeCFB:
		register, out := append([]byte(nil), iv...), make([]byte, aes.BlockSize)
		for i, x := range text {
			b.Encrypt(out, register)
			text[i] = x ^ out[0]
			fed := text[i]
			if !encrypt {
				fed = x
			}
			register = append(register[1:], fed)
		}
	case s.mode != modeCBC:
		s.fail("Specified cipher mode is not valid for this algorithm.")
	case encrypt:
		cipher.NewCBCEncrypter(b, iv).CryptBlocks(text, text)
	default:
		cipher.NewCBCDecrypter(b, iv).CryptBlocks(text, text)
	}
}

func (s *secret) pad(text []byte) []byte {
	size := s.step()
	n := size - len(text)%size
	switch s.padding {
	case paddingNone:
		if n != size {
			s.fail("The input data is not a complete block.")
		}
		return text
	case paddingZeros:
		if n == size {
			return text
		}
		return append(text, make([]byte, n)...)
	}
	for i := range n {
		x := byte(0)
		switch {
		case s.padding == paddingPKCS7 || i == n-1:
			x = byte(n)
		case s.padding == paddingISO:
			x = byte(s.t.Rand())
		}
		text = append(text, x)
	}
	return text
}

// unpad takes the padding off. Of zeros nobody can tell which are padding; they
// stay. Nothing at all has none.
func (s *secret) unpad(text []byte) []byte {
	if len(text) == 0 || s.padding == paddingNone || s.padding == paddingZeros {
		return text
	}
	n := int(text[len(text)-1])
	if n == 0 || n > s.step() || n > len(text) {
		s.fail("Padding is invalid and cannot be removed.")
	}
	for _, x := range text[len(text)-n : len(text)-1] {
		if s.padding == paddingPKCS7 && x != byte(n) || s.padding == paddingX923 && x != 0 {
			s.fail("Padding is invalid and cannot be removed.")
		}
	}
	return text[:len(text)-n]
}

func cryptMembers() []value.Members {
	var rows []value.Row
	for _, way := range []struct {
		name, doc string
		encrypt   bool
	}{{"Encrypt", "The bytes encrypted", true}, {"Decrypt", "The bytes decrypted", false}} {
		row := func(params, doc string, with func(c *value.Call) *secret) {
			rows = append(rows, value.Row{
				Sig: "static byte[] " + way.name + "(this byte[] input, " + params + ")", Doc: way.doc + doc, Effects: value.DrawsRandom,
				Func: func(c *value.Call) value.Value { return with(c).run(c, way.encrypt) },
			})
		}
		row("string alg, byte[] key, byte[] iv", " with the named algorithm: \"Aes\", in CBC with PKCS7 padding.", named)
		row("SymmetricAlgorithm alg", " with the algorithm as it is configured.", configured)
		row("SymmetricAlgorithm alg, byte[] key, byte[] iv", " with the algorithm, but another key and initialization vector.", configured)
	}
	return []value.Members{{Def: helpersDef, Rows: rows}}
}
