package crypto

import (
	"crypto/aes"
	"crypto/cipher"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// The numbers of CipherMode and PaddingMode.
const (
	ModeCBC = 1
	ModeECB = 2
	ModeCFB = 4

	PaddingNone  = 1
	PaddingPKCS7 = 2
	PaddingZeros = 3
	PaddingX923  = 4
	PaddingISO   = 5
)

const (
	badKey     = "Specified key is not a valid size for this algorithm."
	badIV      = "Specified initialization vector (IV) does not match the block size for this algorithm."
	badPadding = "Padding is invalid and cannot be removed."
	partial    = "The input data is not a complete block."
)

// Cipher is AES with a mode, a padding, a key and an initialization vector.
type Cipher struct {
	t             *value.Thread
	mode, padding int
	encrypt       bool
	block         cipher.Block
	chain         cipher.BlockMode // of CBC
	register      []byte           // of CFB
}

// NewCipher checks key and vector as SymmetricAlgorithm.CreateEncryptor does.
// Both are byte[] or null.
func NewCipher(t *value.Thread, mode, padding int, key, iv value.Value, encrypt bool) *Cipher {
	if key.IsNull() {
		t.ThrowNull("rgbKey")
	}
	b, err := aes.NewCipher(raw(key))
	if err != nil {
		t.ThrowArgument(value.ArgumentException, badKey, "rgbKey")
	}
	v := raw(iv)
	if !iv.IsNull() && len(v) != aes.BlockSize {
		t.ThrowArgument(value.ArgumentException, badIV, "rgbIV")
	}
	if iv.IsNull() && mode != ModeECB {
		t.Throw(ExceptionDef, "The cipher mode specified requires that an initialization vector (IV) be used.")
	}
	return newCipher(t, mode, padding, b, v, encrypt)
}

func newCipher(t *value.Thread, mode, padding int, b cipher.Block, iv []byte, encrypt bool) *Cipher {
	s := &Cipher{t: t, mode: mode, padding: padding, encrypt: encrypt, block: b}
	switch {
	case mode == ModeECB:
	case mode == ModeCFB:
		s.register = append([]byte(nil), iv...)
	case mode != ModeCBC:
		t.Throw(ExceptionDef, "Specified cipher mode is not valid for this algorithm.")
	case encrypt:
		s.chain = cipher.NewCBCEncrypter(b, iv)
	default:
		s.chain = cipher.NewCBCDecrypter(b, iv)
	}
	return s
}

func raw(v value.Value) []byte {
	if a, ok := v.Object().(*value.Array); ok {
		return a.Bytes()
	}
	return nil
}

// step is the number of bytes that a text must be a multiple of: a block, but
// one byte in CFB, which .NET runs with a feedback of 8 bits.
func (s *Cipher) step() int {
	if s.mode == ModeCFB {
		return 1
	}
	return aes.BlockSize
}

// Run encrypts or decrypts the last, or the only, part of a text.
func (s *Cipher) Run(in []byte) []byte {
	s.t.Alloc(2 * (len(in) + aes.BlockSize))
	work(s.t, len(in))
	text := append(make([]byte, 0, len(in)+aes.BlockSize), in...)
	if s.encrypt {
		text = s.pad(text)
	} else if len(text)%s.step() != 0 {
		s.t.Throw(ExceptionDef, partial)
	}
	s.crypt(text)
	if !s.encrypt {
		text = s.unpad(text)
	}
	return text
}

// crypt works in place on whole blocks.
func (s *Cipher) crypt(text []byte) {
	switch s.mode {
	case ModeECB:
		for i := 0; i < len(text); i += aes.BlockSize {
			if s.encrypt {
				s.block.Encrypt(text[i:], text[i:])
			} else {
				s.block.Decrypt(text[i:], text[i:])
			}
		}
	case ModeCFB:
		var out [aes.BlockSize]byte
		for i, x := range text {
			s.block.Encrypt(out[:], s.register)
			text[i] = x ^ out[0]
			fed := text[i]
			if !s.encrypt {
				fed = x
			}
			copy(s.register, s.register[1:])
			s.register[aes.BlockSize-1] = fed
		}
	default:
		s.chain.CryptBlocks(text, text)
	}
}

func (s *Cipher) pad(text []byte) []byte {
	size := s.step()
	n := size - len(text)%size
	switch s.padding {
	case PaddingNone:
		if n != size {
			s.t.Throw(ExceptionDef, partial)
		}
		return text
	case PaddingZeros:
		if n == size {
			return text
		}
		return append(text, make([]byte, n)...)
	}
	for i := range n {
		x := byte(0)
		switch {
		case s.padding == PaddingPKCS7 || i == n-1:
			x = byte(n)
		case s.padding == PaddingISO:
			x = byte(s.t.Rand())
		}
		text = append(text, x)
	}
	return text
}

// removes reports whether the padding is one that decrypting takes off.
func (s *Cipher) removes() bool {
	return !s.encrypt && s.padding != PaddingNone && s.padding != PaddingZeros
}

// unpad takes the padding off. Of zeros nobody can tell which are padding; they
// stay. Nothing at all has none.
func (s *Cipher) unpad(text []byte) []byte {
	if len(text) == 0 || !s.removes() {
		return text
	}
	n := int(text[len(text)-1])
	if n == 0 || n > s.step() || n > len(text) {
		s.t.Throw(ExceptionDef, badPadding)
	}
	for _, x := range text[len(text)-n : len(text)-1] {
		if s.padding == PaddingPKCS7 && x != byte(n) || s.padding == PaddingX923 && x != 0 {
			s.t.Throw(ExceptionDef, badPadding)
		}
	}
	return text[:len(text)-n]
}

var (
	symmetricDef = declare("abstract class SymmetricAlgorithm : IDisposable")
	aesDef       = declare("abstract class Aes : SymmetricAlgorithm")
	aesImplDef   = declare("sealed class AesImplementation : Aes")
	managedDef   = declare("sealed class AesManaged : Aes")
	providerAES  = declare("sealed class AesCryptoServiceProvider : Aes")
	transformDef = declare("interface ICryptoTransform : IDisposable")
	encryptorDef = declare("sealed class UniversalCryptoTransform : ICryptoTransform")
	modeDef      = declare("enum CipherMode { CBC = 1, ECB = 2, OFB = 3, CFB = 4, CTS = 5 }")
	paddingDef   = declare("enum PaddingMode { None = 1, PKCS7 = 2, Zeros = 3, ANSIX923 = 4, ISO10126 = 5 }")
)

// Aes is an Aes object.
type Aes struct {
	typ           *types.Type
	mode, padding int
	feedback      int
	size          int // of the key, in bits
	key, iv       []byte
	disposed      bool
}

// Type is the object's type.
func (a *Aes) Type() *types.Type { return a.typ }

// Dispose forgets the key.
func (a *Aes) Dispose(*value.Thread) { a.key, a.iv, a.disposed = nil, nil, true }

func thisAES(c *value.Call) *Aes {
	a := c.This.Object().(*Aes)
	if a.disposed {
		c.Throw(value.ObjectDisposedException, "Cannot access a disposed object.\nObject name: '"+a.typ.ReflectionName()+"'.")
	}
	return a
}

func (a *Aes) needKey(t *value.Thread) []byte {
	if a.key == nil {
		a.key = random(t, a.size/8)
	}
	return a.key
}

func (a *Aes) needIV(t *value.Thread) []byte {
	if a.iv == nil {
		a.iv = random(t, aes.BlockSize)
	}
	return a.iv
}

// Cipher is the object's mode and padding with a key and a vector; nil pointers
// stand for its own.
func (a *Aes) Cipher(t *value.Thread, key, iv *value.Value, encrypt bool) *Cipher {
	k, v := value.Bytes(a.needKey(t)), value.Bytes(a.needIV(t))
	if key != nil {
		k = *key
	}
	if iv != nil {
		v = *iv
	}
	return NewCipher(t, a.mode, a.padding, k, v, encrypt)
}

func newAES(c *value.Call, typ *types.Type) value.Value {
	c.Alloc(256)
	return value.Of(&Aes{typ: typ, mode: ModeCBC, padding: PaddingPKCS7, size: 256, feedback: 8})
}

func named(c *value.Call) value.Value {
	switch name := c.Str(0); {
	case equalFold(name, "Aes"), equalFold(name, "Rijndael"), equalFold(name, "RijndaelManaged"), equalFold(name, "AesManaged"),
		equalFold(name, "AesCryptoServiceProvider"), equalFold(name, namespace+".Aes"), equalFold(name, namespace+".SymmetricAlgorithm"):
		return newAES(c, aesImplDef.Type())
	case equalFold(name, "DES"), equalFold(name, "3DES"), equalFold(name, "TripleDES"), equalFold(name, "RC2"):
		c.Throw(value.NotSupportedException, "The algorithm '%s' is not supported here: it is broken. Use \"Aes\".", name)
	}
	return value.Null
}

// transform is an ICryptoTransform.
type transform struct {
	cipher *Cipher
	held   []byte // decrypted text that may be padding, or less than a block
}

// Type is the class behind ICryptoTransform.
func (*transform) Type() *types.Type { return encryptorDef.Type() }

// feed takes the bytes of TransformBlock and gives what is certain.
func (x *transform) feed(in []byte) []byte {
	size := x.cipher.step()
	all := append(x.held, in...)
	n := len(all) / size * size
	if x.cipher.removes() && n > 0 && n == len(all) {
		n -= size
	}
	out := append([]byte(nil), all[:n]...)
	x.held = append([]byte(nil), all[n:]...)
	x.cipher.crypt(out)
	return out
}

func transformRow(sig, doc string, encrypt, given bool) value.Row {
	return value.Row{Sig: "ICryptoTransform " + sig, Doc: doc, Effects: value.DrawsRandom, Func: func(c *value.Call) value.Value {
		a := thisAES(c)
		c.Alloc(1024)
		if given {
			return value.Of(&transform{cipher: a.Cipher(c.Thread, &c.Args[0], &c.Args[1], encrypt)})
		}
		return value.Of(&transform{cipher: a.Cipher(c.Thread, nil, nil, encrypt)})
	}}
}

// oneShot are EncryptCbc and its kin: the object's key with a mode of their own.
func oneShot(name string, mode int, encrypt bool) value.Row {
	text := "ciphertext"
	if encrypt {
		text = "plaintext"
	}
	sig, padding := "byte[] "+name+"(byte[] "+text+", byte[] iv, PaddingMode paddingMode = PaddingMode.PKCS7)", 2
	if mode == ModeECB {
		sig, padding = "byte[] "+name+"(byte[] "+text+", PaddingMode paddingMode)", 1
	}
	return value.Row{Sig: sig, Doc: "The text transformed in one step.", Beyond: true, Effects: value.DrawsRandom, Func: func(c *value.Call) value.Value {
		a := thisAES(c)
		in := needBytes(c, 0, text)
		var iv []byte
		if mode != ModeECB {
			if iv = needBytes(c, 1, "iv"); len(iv) != aes.BlockSize {
				c.ThrowArgument(value.ArgumentException, badIV, "iv")
			}
		}
		b, err := aes.NewCipher(a.needKey(c.Thread))
		if err != nil {
			c.Throw(ExceptionDef, badKey)
		}
		return value.Bytes(newCipher(c.Thread, mode, c.Int(padding), b, iv, encrypt).Run(in))
	}}
}

func enumProperty(sig, doc string, of func() *types.Type, field func(a *Aes) *int, valid func(n int) bool, message string) value.Row {
	return value.Row{Sig: sig + " { get; set; }", Doc: doc, Func: func(c *value.Call) value.Value {
		return value.Enum(of(), int64(*field(thisAES(c))))
	}, Set: func(c *value.Call) {
		a, n := thisAES(c), c.Int(0)
		if !valid(n) {
			c.Throw(ExceptionDef, "%s", message)
		}
		*field(a) = n
	}}
}

var symmetricRows = []value.Row{
	{Sig: "static SymmetricAlgorithm Create(string algName)", Doc: "An algorithm by its name; null for an unknown one.", Func: func(c *value.Call) value.Value {
		c.NotNull(0, "name")
		return named(c)
	}},
	{Sig: "byte[] Key { get; set; }", Doc: "The key; a random one unless it was set.", Effects: value.DrawsRandom, Func: func(c *value.Call) value.Value {
		return fresh(c, append([]byte(nil), thisAES(c).needKey(c.Thread)...))
	}, Set: func(c *value.Call) {
		a, key := thisAES(c), needBytes(c, 0, "value")
		if n := len(key); n != 16 && n != 24 && n != 32 {
			c.Throw(ExceptionDef, badKey)
		}
		a.key, a.size = append([]byte(nil), key...), 8*len(key)
	}},
	{Sig: "byte[] IV { get; set; }", Doc: "The initialization vector; a random one unless it was set.", Effects: value.DrawsRandom, Func: func(c *value.Call) value.Value {
		return fresh(c, append([]byte(nil), thisAES(c).needIV(c.Thread)...))
	}, Set: func(c *value.Call) {
		a, iv := thisAES(c), needBytes(c, 0, "value")
		if len(iv) != aes.BlockSize {
			c.Throw(ExceptionDef, badIV)
		}
		a.iv = append([]byte(nil), iv...)
	}},
	{Sig: "int KeySize { get; set; }", Doc: "The size of the key in bits; setting it forgets the key.", Func: func(c *value.Call) value.Value { return value.Int(thisAES(c).size) }, Set: func(c *value.Call) {
		a, n := thisAES(c), c.Int(0)
		if n != 128 && n != 192 && n != 256 {
			c.Throw(ExceptionDef, badKey)
		}
		a.size, a.key = n, nil
	}},
	sizesRow("LegalKeySizes", "The sizes that keys may have.", 128, 256, 64),
	sizesRow("LegalBlockSizes", "The sizes that blocks may have.", 128, 128, 0),
	{Sig: "int BlockSize { get; set; }", Doc: "The size of a block in bits: 128.", Func: func(*value.Call) value.Value { return value.Int(128) }, Set: func(c *value.Call) {
		if c.Int(0) != 128 {
			c.Throw(ExceptionDef, "Specified block size is not valid for this algorithm.")
		}
	}},
	{Sig: "int FeedbackSize { get; set; }", Doc: "The feedback of CFB in bits: 8.", Func: func(c *value.Call) value.Value { return value.Int(thisAES(c).feedback) }, Set: func(c *value.Call) {
		if c.Int(0) != 8 {
			c.Throw(ExceptionDef, "Specified feedback size is not valid for this algorithm.")
		}
	}},
	enumProperty("CipherMode Mode", "How blocks are chained.", modeDef.Type, func(a *Aes) *int { return &a.mode }, func(n int) bool { return n == ModeCBC || n == ModeECB || n == ModeCFB },
		"Specified cipher mode is not valid for this algorithm."),
	enumProperty("PaddingMode Padding", "How the last block is filled.", paddingDef.Type, func(a *Aes) *int { return &a.padding }, func(n int) bool { return n >= PaddingNone && n <= PaddingISO },
		"Specified padding mode is not valid for this algorithm."),
	{Sig: "void GenerateKey()", Doc: "Draws a key.", Effects: value.DrawsRandom, Func: func(c *value.Call) value.Value {
		a := thisAES(c)
		a.key = random(c.Thread, a.size/8)
		return value.Null
	}},
	{Sig: "void GenerateIV()", Doc: "Draws an initialization vector.", Effects: value.DrawsRandom, Func: func(c *value.Call) value.Value {
		thisAES(c).iv = random(c.Thread, aes.BlockSize)
		return value.Null
	}},
	{Sig: "bool ValidKeySize(int bitLength)", Doc: "Whether keys may have so many bits.", Func: func(c *value.Call) value.Value {
		n := c.Int(0)
		return value.Bool(n == 128 || n == 192 || n == 256)
	}},
	transformRow("CreateEncryptor()", "Encrypts with the object's key.", true, false),
	transformRow("CreateEncryptor(byte[] rgbKey, byte[] rgbIV)", "Encrypts with a key.", true, true),
	transformRow("CreateDecryptor()", "Decrypts with the object's key.", false, false),
	transformRow("CreateDecryptor(byte[] rgbKey, byte[] rgbIV)", "Decrypts with a key.", false, true),
	oneShot("EncryptCbc", ModeCBC, true),
	oneShot("DecryptCbc", ModeCBC, false),
	oneShot("EncryptEcb", ModeECB, true),
	oneShot("DecryptEcb", ModeECB, false),
	{Sig: "void Clear()", Doc: "Forgets the key.", Func: disposeRow},
	{Sig: "void Dispose()", Doc: "Forgets the key.", Func: disposeRow},
}

func cipherMembers() []value.Members {
	x := func(c *value.Call) *transform { return c.This.Object().(*transform) }
	size := func(c *value.Call) value.Value { return value.Int(x(c).cipher.step()) }
	ways := []value.Row{
		{Sig: "int InputBlockSize { get; }", Doc: "The size of a block in bytes.", Func: size},
		{Sig: "int OutputBlockSize { get; }", Doc: "The size of a block in bytes.", Func: size},
		{Sig: "bool CanTransformMultipleBlocks { get; }", Doc: "Always true.", Func: func(*value.Call) value.Value { return value.True }},
		{Sig: "bool CanReuseTransform { get; }", Doc: "Always true.", Func: func(*value.Call) value.Value { return value.True }},
		{Sig: "int TransformBlock(byte[] inputBuffer, int inputOffset, int inputCount, byte[] outputBuffer, int outputOffset)", Doc: "Transforms more of the text; gives the number of bytes that came out.", Func: func(c *value.Call) value.Value {
			in, out, at := part(c, 0, "inputBuffer", "inputOffset"), needBytes(c, 3, "outputBuffer"), c.Int(4)
			if len(in) == 0 || len(in)%x(c).cipher.step() != 0 {
				c.ThrowRange("Value was invalid.", "inputCount")
			}
			if at < 0 || len(out)-at < len(in) {
				c.ThrowRange("Value was invalid.", "outputBuffer")
			}
			c.Alloc(2 * len(in))
			work(c.Thread, len(in))
			return value.Int(copy(out[at:], x(c).feed(in)))
		}},
		{Sig: "byte[] TransformFinalBlock(byte[] inputBuffer, int inputOffset, int inputCount)", Doc: "Transforms the end of the text.", Effects: value.DrawsRandom, Func: func(c *value.Call) value.Value {
			t := x(c)
			in := append(t.held, part(c, 0, "inputBuffer", "inputOffset")...)
			t.held = nil
			return value.Bytes(t.cipher.Run(in))
		}},
		{Sig: "void Dispose()", Doc: "Does nothing.", Func: func(*value.Call) value.Value { return value.Null }},
	}
	faces := make([]value.Row, len(ways))
	for i, r := range ways {
		faces[i] = value.Row{Sig: r.Sig, Doc: r.Doc, Effects: r.Effects}
	}
	constructor := func(d *types.Def) value.Row {
		return value.Row{Sig: d.Name + "()", Doc: "The algorithm.", Func: func(c *value.Call) value.Value { return newAES(c, c.Owner) }}
	}
	return []value.Members{
		{Def: symmetricDef, Doc: "A cipher with one key for both ways.", Rows: symmetricRows},
		{Def: aesDef, Doc: "AES.", Beyond: true, Rows: []value.Row{
			{Sig: "static Aes Create()", Doc: "The algorithm.", Func: func(c *value.Call) value.Value { return newAES(c, aesImplDef.Type()) }},
		}},
		{Def: aesImplDef, Doc: "What Aes.Create gives.", Beyond: true},
		{Def: managedDef, Doc: "AES.", Beyond: true, Rows: []value.Row{constructor(managedDef)}},
		{Def: providerAES, Doc: "AES.", Beyond: true, Rows: []value.Row{constructor(providerAES)}},
		{Def: transformDef, Doc: "A transformation of bytes, block by block.", Beyond: true, Rows: faces},
		{Def: encryptorDef, Doc: "A transformation of bytes, block by block.", Beyond: true, Rows: ways},
		{Def: modeDef, Doc: "How blocks are chained."},
		{Def: paddingDef, Doc: "How the last block is filled."},
	}
}
