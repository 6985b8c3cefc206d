package crypto

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"strconv"

	"github.com/spillway-gateway/spillway/expr/types"
	"github.com/spillway-gateway/spillway/expr/value"
)

// digest is an algorithm that .NET has a family of types for.
type digest struct {
	name string // as HashAlgorithmName has it
	make func() hash.Hash

	def     *types.Def // SHA256
	impl    *types.Def // what SHA256.Create() gives
	managed *types.Def // SHA256Managed
	hmac    *types.Def // HMACSHA256
}

var digests = func() []*digest {
	list := []*digest{
		{name: "MD5", make: md5.New}, {name: "SHA1", make: sha1.New}, {name: "SHA256", make: sha256.New}, {name: "SHA384", make: sha512.New384}, {name: "SHA512", make: sha512.New},
	}
	for _, d := range list {
		d.def = declare("abstract class " + d.name + " : HashAlgorithm")
		d.impl = declare("sealed class " + d.name + ".Implementation : " + d.name)
		managed := d.name + "Managed"
		if d.name == "MD5" {
			managed = "MD5CryptoServiceProvider"
		}
		d.managed = declare("sealed class " + managed + " : " + d.name)
		d.hmac = declare("class HMAC" + d.name + " : HMAC")
	}
	return list
}()

func digestNamed(name string) *digest {
	for _, d := range digests {
		if d.name == name {
			return d
		}
	}
	return nil
}

// Hash is a HashAlgorithm, keyed or not.
type Hash struct {
	typ      *types.Type
	digest   *digest
	keyed    bool
	key      []byte
	state    hash.Hash // of TransformBlock; nil before the first
	result   []byte
	disposed bool
}

// Type is the algorithm's type.
func (h *Hash) Type() *types.Type { return h.typ }

// Dispose ends the use of the object.
func (h *Hash) Dispose(*value.Thread) { h.disposed, h.state, h.result = true, nil, nil }

func (h *Hash) start() hash.Hash {
	if h.keyed {
		return hmac.New(h.digest.make, h.key)
	}
	return h.digest.make()
}

func thisHash(c *value.Call) *Hash {
	h := c.This.Object().(*Hash)
	if h.disposed {
		e := value.NewException(value.ObjectDisposedException, "Cannot access a disposed object.\nObject name: '"+h.typ.ReflectionName()+"'.")
		c.Raise(e)
	}
	return h
}

// work charges for hashing or encrypting n bytes.
func work(t *value.Thread, n int) { t.Step(n/64 + 16) }

// bytesArg is a byte[] argument, nil for null.
func bytesArg(c *value.Call, i int) []byte {
	if a, ok := c.Args[i].Object().(*value.Array); ok {
		return a.Bytes()
	}
	return nil
}

func needBytes(c *value.Call, i int, name string) []byte {
	c.NotNull(i, name)
	return bytesArg(c, i)
}

// part is the slice of a byte[] that three arguments give, checked as
// HashAlgorithm does.
func part(c *value.Call, i int, array, offset string) []byte {
	b := needBytes(c, i, array)
	from, n := c.Int(i+1), c.Int(i+2)
	if from < 0 {
		text := strconv.Itoa(from)
		e := value.NewException(value.ArgumentOutOfRangeException, value.WithParam(offset+" ('"+text+"') must be a non-negative value.", offset)+"\nActual value was "+text+".")
		e.Param = offset
		c.Raise(e)
	}
	if n < 0 || n > len(b) {
		c.Throw(value.ArgumentException, "Value was invalid.")
	}
	if len(b)-n < from {
		c.Throw(value.ArgumentException, "Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection.")
	}
	return b[from : from+n]
}

func fresh(c *value.Call, b []byte) value.Value {
	c.Alloc(len(b) + 32)
	return value.Bytes(b)
}

func sum(c *value.Call, h *Hash, data []byte) value.Value {
	work(c.Thread, len(data))
	s := h.state
	if s == nil {
		s = h.start()
	}
	s.Write(data)
	h.state, h.result = nil, s.Sum(nil)
	return fresh(c, append([]byte(nil), h.result...))
}

func newHash(c *value.Call, d *digest, typ *types.Type) value.Value {
	c.Alloc(256)
	return value.Of(&Hash{typ: typ, digest: d})
}

// newKey is the key that an HMAC without one gets: 64 random bytes, 128 with
// the longer algorithms.
func newKey(t *value.Thread, d *digest) []byte { return random(t, d.make().BlockSize()) }

// create is HashAlgorithm.Create and its kin, by the name of an algorithm.
func create(c *value.Call, name string, keyed bool) value.Value {
	for _, d := range digests {
		switch {
		case !keyed && (equalFold(name, d.name) || equalFold(name, "System.Security.Cryptography."+d.name) || len(d.name) > 4 && equalFold(name, "SHA-"+d.name[3:]) || d.name == "SHA1" && equalFold(name, "SHA")):
			return newHash(c, d, d.impl.Type())
		case equalFold(name, "HMAC"+d.name) || equalFold(name, "System.Security.Cryptography.HMAC"+d.name):
			c.Alloc(256)
			return value.Of(&Hash{typ: d.hmac.Type(), digest: d, keyed: true, key: newKey(c.Thread, d)})
		}
	}
	return value.Null
}

var hashRows = []value.Row{
	{Sig: "byte[] ComputeHash(byte[] buffer)", Doc: "The hash of bytes.", Func: func(c *value.Call) value.Value {
		h := thisHash(c)
		return sum(c, h, needBytes(c, 0, "buffer"))
	}},
	{Sig: "byte[] ComputeHash(byte[] buffer, int offset, int count)", Doc: "The hash of a part of bytes.", Func: func(c *value.Call) value.Value {
		data := part(c, 0, "buffer", "offset")
		return sum(c, thisHash(c), data)
	}},
	{Sig: "byte[] Hash { get; }", Doc: "The last hash that was computed.", Func: func(c *value.Call) value.Value {
		h := thisHash(c)
		if h.state != nil {
			c.Throw(unexpectedDef, "Hash must be finalized before the hash value is retrieved.")
		}
		if h.result == nil {
			return value.Null
		}
		return fresh(c, append([]byte(nil), h.result...))
	}},
	{Sig: "int HashSize { get; }", Doc: "The size of a hash in bits.", Func: func(c *value.Call) value.Value {
		return value.Int(8 * c.This.Object().(*Hash).digest.make().Size())
	}},
	{Sig: "int InputBlockSize { get; }", Doc: "Always 1.", Func: func(*value.Call) value.Value { return value.Int(1) }},
	{Sig: "int OutputBlockSize { get; }", Doc: "Always 1.", Func: func(*value.Call) value.Value { return value.Int(1) }},
	{Sig: "bool CanReuseTransform { get; }", Doc: "Always true.", Func: func(*value.Call) value.Value { return value.True }},
	{Sig: "bool CanTransformMultipleBlocks { get; }", Doc: "Always true.", Func: func(*value.Call) value.Value { return value.True }},
	{Sig: "void Initialize()", Doc: "Forgets what was hashed so far.", Func: func(c *value.Call) value.Value {
		thisHash(c).state = nil
		return value.Null
	}},
	{Sig: "void Clear()", Doc: "Ends the use of the object.", Func: disposeRow},
	{Sig: "void Dispose()", Doc: "Ends the use of the object.", Func: disposeRow},
	{Sig: "int TransformBlock(byte[] inputBuffer, int inputOffset, int inputCount, byte[] outputBuffer, int outputOffset)", Doc: "Hashes more bytes, and copies them if there is somewhere to.", Func: func(c *value.Call) value.Value {
		data := part(c, 0, "inputBuffer", "inputOffset")
		h := thisHash(c)
		if h.state == nil {
			h.state = h.start()
		}
		work(c.Thread, len(data))
		h.state.Write(data)
		if out, at := bytesArg(c, 3), c.Int(4); out != nil {
			if at < 0 || len(out)-at < len(data) {
				c.Throw(value.ArgumentException, "Destination array was not long enough. Check the destination index, length, and the array's lower bounds.")
			}
			copy(out[at:], data)
		}
		return value.Int(len(data))
	}},
	{Sig: "byte[] TransformFinalBlock(byte[] inputBuffer, int inputOffset, int inputCount)", Doc: "Hashes the last bytes and gives a copy of them; Hash is then the hash.", Func: func(c *value.Call) value.Value {
		data := part(c, 0, "inputBuffer", "inputOffset")
		sum(c, thisHash(c), data)
		return fresh(c, append([]byte(nil), data...))
	}},
	{Sig: "static HashAlgorithm Create(string hashName)", Doc: "An algorithm by its name; null for an unknown one.", Effects: value.DrawsRandom, Func: func(c *value.Call) value.Value {
		c.NotNull(0, "name")
		return create(c, c.Str(0), false)
	}},
}

func disposeRow(c *value.Call) value.Value {
	c.Dispose(c.This)
	return value.Null
}

func hashMembers() []value.Members {
	list := []value.Members{
		{Def: hashDef, Doc: "A hash algorithm.", Rows: hashRows},
		{Def: keyedDef, Doc: "A hash algorithm with a key.", Rows: []value.Row{
			{Sig: "byte[] Key { get; set; }", Doc: "The key.", Func: func(c *value.Call) value.Value {
				return fresh(c, append([]byte(nil), thisHash(c).key...))
			}, Set: func(c *value.Call) {
				h := thisHash(c)
				h.key = append([]byte(nil), needBytes(c, 0, "value")...)
				h.state = nil
			}},
			{Sig: "static KeyedHashAlgorithm Create(string algName)", Doc: "An algorithm by its name; null for an unknown one.", Effects: value.DrawsRandom, Func: func(c *value.Call) value.Value {
				c.NotNull(0, "name")
				return create(c, c.Str(0), true)
			}},
		}},
		{Def: hmacDef, Doc: "A keyed hash by RFC 2104.", Rows: []value.Row{
			{Sig: "string HashName { get; set; }", Doc: "The name of the algorithm.", Func: func(c *value.Call) value.Value {
				return value.String(thisHash(c).digest.name)
			}, Set: func(c *value.Call) {
				c.NotNull(0, "value")
				if h := thisHash(c); !equalFold(h.digest.name, c.Str(0)) {
					c.Throw(value.NotSupportedException, "Cannot change the hash algorithm of HMAC%s.", h.digest.name)
				}
			}},
			{Sig: "static HMAC Create(string algorithmName)", Doc: "An algorithm by its name; null for an unknown one.", Effects: value.DrawsRandom, Func: func(c *value.Call) value.Value {
				c.NotNull(0, "name")
				return create(c, c.Str(0), true)
			}},
		}},
	}
	for _, d := range digests {
		hashData := value.Row{Sig: "static byte[] HashData(byte[] source)", Doc: "The hash of bytes.", Beyond: true, Func: func(c *value.Call) value.Value {
			b := needBytes(c, 0, "source")
			work(c.Thread, len(b))
			h := d.make()
			h.Write(b)
			return fresh(c, h.Sum(nil))
		}}
		size := d.make().Size()
		list = append(list,
			value.Members{Def: d.def, Doc: "The hash algorithm " + d.name + ".", Rows: []value.Row{
				{Sig: "protected " + d.name + "()"},
				{Sig: "static " + d.name + " Create()", Doc: "The algorithm.", Func: func(c *value.Call) value.Value { return newHash(c, d, d.impl.Type()) }},
				{Sig: "const int HashSizeInBits = " + strconv.Itoa(8*size), Doc: "The size of a hash in bits.", Beyond: true},
				{Sig: "const int HashSizeInBytes = " + strconv.Itoa(size), Doc: "The size of a hash in bytes.", Beyond: true},
				hashData,
			}},
			value.Members{Def: d.impl, Doc: "What " + d.name + ".Create gives.", Beyond: true},
			value.Members{Def: d.managed, Doc: "The hash algorithm " + d.name + ".", Beyond: d.name == "MD5", Rows: []value.Row{
				{Sig: d.managed.Name + "()", Doc: "The algorithm.", Func: func(c *value.Call) value.Value { return newHash(c, d, d.managed.Type()) }},
			}},
			value.Members{Def: d.hmac, Doc: "The keyed hash with " + d.name + ".", Rows: []value.Row{
				{Sig: d.hmac.Name + "()", Doc: "With a random key.", Effects: value.DrawsRandom, Func: func(c *value.Call) value.Value {
					c.Alloc(512)
					return value.Of(&Hash{typ: c.Owner, digest: d, keyed: true, key: newKey(c.Thread, d)})
				}},
				{Sig: d.hmac.Name + "(byte[] key)", Doc: "With a key.", Func: func(c *value.Call) value.Value {
					key := needBytes(c, 0, "key")
					c.Alloc(512 + len(key))
					return value.Of(&Hash{typ: c.Owner, digest: d, keyed: true, key: append([]byte(nil), key...)})
				}},
				{Sig: "static byte[] HashData(byte[] key, byte[] source)", Doc: "The keyed hash of bytes.", Beyond: true, Func: func(c *value.Call) value.Value {
					key, b := needBytes(c, 0, "key"), needBytes(c, 1, "source")
					work(c.Thread, len(key)+len(b))
					h := hmac.New(d.make, key)
					h.Write(b)
					return fresh(c, h.Sum(nil))
				}},
			}},
		)
	}
	return list
}
