package expr_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/expr"
)

// TestHostile evaluates what somebody would write who means harm. Each ends by
// one of the budgets, soon, and has not taken more memory than it may before.
func TestHostile(t *testing.T) {
	e := env(t)
	limits := expr.Limits{Steps: 2_000_000, Memory: 16 << 20, Deadline: 500 * time.Millisecond}
	const (
		steps  = 1 << iota // or the deadline, whichever comes first
		memory             // or the others
		depth
		dotnet // an exception of .NET that the expression could catch
	)
	for text, want := range map[string]int{
		// Loops and recursion.
		"@{ while (true) { } }": steps,
		"@{ for (long i = 0; i < 1000000000; i++) { for (long j = 0; j < 1000000000; j++) { } } return 1; }": steps,
		"@{ try { while (true) { } } catch { } finally { } return 1; }":                                      steps,
		"@{ while (true) { try { throw new Exception(); } catch { } } }":                                     steps,
		"@{ start: goto start; }":             steps,
		"@{ do { continue; } while (true); }": steps,
		"@{ IEnumerable<int> F() { while (true) { yield return 1; } } foreach (var x in F()) { } return 1; }":                     steps,
		"@{ IEnumerable<int> F() { while (true) { yield return 1; } } return F().Count(); }":                                      steps,
		"@(Enumerable.Range(0, int.MaxValue).Count(x => x < 0))":                                                                  steps,
		"@(Enumerable.Range(0, int.MaxValue).Sum(x => (long)x))":                                                                  steps,
		"@(Enumerable.Repeat(1, int.MaxValue).SelectMany(x => Enumerable.Repeat(x, int.MaxValue)).LongCount())":                   steps,
		"@(Enumerable.Range(0, 100000).Join(Enumerable.Range(0, 100000), a => 1, b => 1, (a, b) => 1).Count())":                   steps | memory,
		"@{ var l = new List<int>(Enumerable.Range(0, 100000)); while (l.Contains(-1) || true) { } }":                             steps,
		"@{ var l = new List<int>(Enumerable.Range(0, 100000)); foreach (var x in l) { l.IndexOf(-1); } return 1; }":              steps,
		"@{ var s = new string('a', 100000); for (int i = 0; i < 1000000; i++) { s.IndexOf(\"b\"); } return 1; }":                 steps,
		"@{ var s = new string('a', 1000000); var n = 0; while (true) { n += s.Replace('a', 'b').Length; } }":                     steps | memory,
		"@{ Func<int, int> f = null; f = n => f(n + 1); return f(0); }":                                                           depth,
		"@{ int F(int n) => F(n + 1) + 1; return F(0); }":                                                                         depth,
		"@{ int F(int n) => n < 2 ? 1 : F(n - 1) + F(n - 2); return F(100); }":                                                    steps | depth,
		"@{ IEnumerable<int> F(int n) { yield return n; foreach (var x in F(n + 1)) { yield return x; } } return F(0).Count(); }": depth | memory | steps,
		// Memory.
		"@{ var s = \"x\"; while (true) { s += s; } }": memory,
		"@(new string('a', int.MaxValue))":             memory,
		"@(\"a\".PadLeft(1000000000))":                 memory,
		"@(\"a\".PadRight(int.MaxValue))":              memory,
		"@(new int[2000000000])":                       memory,
		"@(new byte[50000, 50000])":                    memory,
		"@($\"{1,1000000000}\")":                       memory,
		"@(string.Format(\"{0,1000000}\", 1) + string.Format(\"{0,999999}\", 1).PadLeft(100000000))": memory,
		"@((1.0).ToString(\"F999999999\"))":                                                 memory,
		"@((5).ToString(\"D999999999\"))":                                                   memory,
		"@(Enumerable.Range(0, int.MaxValue).ToList())":                                     memory | steps,
		"@(Enumerable.Range(0, int.MaxValue).ToArray())":                                    memory,
		"@(Enumerable.Repeat(\"aaaaaaaaaa\", 100000000).ToArray())":                         memory,
		"@(string.Concat(Enumerable.Repeat(new string('a', 1000), 1000000)))":               memory,
		"@(string.Join(new string('a', 1000000), new int[1000]))":                           memory,
		"@{ var s = new string('a', 1000); return s.Replace(\"a\", s).Replace(\"a\", s); }": memory,
		"@{ var b = new StringBuilder(\"a\"); while (true) { b.Append(b); } }":              memory,
		"@(new StringBuilder().Insert(0, \"abc\", 1000000000))":                             memory,
		"@{ var l = new List<string>(); while (true) { l.Add(new string('a', 100)); } }":    memory,
		"@{ var l = new List<int> { 1 }; while (true) { l.AddRange(l); } }":                 memory | dotnet,
		"@(new List<int>(2000000000))":                                                      memory,
		"@{ var d = new Dictionary<int, int>(); for (int i = 0; ; i++) { d[i] = i; } }":     memory,
		"@(Regex.Replace(new string('a', 10000), \"a\", new string('b', 10000)))":           memory,
		"@(Regex.Split(new string('a', 1000000), \"\").Length)":                             memory | steps,
		"@(new string('a', 2000000).ToCharArray().Select(c => c.ToString()).ToArray())":     memory,
		"@(new string('a', 1000000).Split('a').Length)":                                     memory,
		"@(new byte[10000000].SelectMany(b => new byte[1000]).ToArray())":                   memory | steps,
		"@{ var a = new JArray(); while (true) { a.Add(a.DeepClone()); } }":                 memory | steps,
		"@{ var o = new JObject(); for (int i = 0; ; i++) { o[\"k\" + i] = i; } }":          memory,
		"@{ var x = new XElement(\"a\"); while (true) { x.Add(x); } }":                      memory | steps,
		"@(Convert.ToBase64String(new byte[15000000]))":                                     memory,
		"@(BitConverter.ToString(new byte[10000000]))":                                      memory,
		"@(Encoding.UTF8.GetBytes(new string('é', 5000000)).Length)":                        memory,
		"@(Uri.EscapeDataString(new string('é', 5000000)).Length)":                          memory,
		"@(WebUtility.HtmlEncode(new string('\"', 2500000)).Length)":                        memory,
		// Regular expressions.
		"@(Regex.IsMatch(new string('a', 40) + \"!\", \"^(a+)+$\"))":                   dotnet | steps,
		"@(Regex.IsMatch(new string('a', 40) + \"!\", \"^(a|aa)+$\"))":                 dotnet | steps,
		"@(Regex.IsMatch(new string('x', 5000), \"(.*a){20}\"))":                       dotnet | steps,
		"@(Regex.IsMatch(new string('a', 5000), \"^(.*)(.*)(.*)\\\\1\\\\2\\\\3b$\"))":  dotnet | steps,
		"@(Regex.IsMatch(\"a\", new string('(', 100000)))":                             dotnet | memory | steps,
		"@(Regex.IsMatch(\"a\", \"a{1,2147483647}\" + \"{1,1000}{1,1000}{1,1000}b\"))": dotnet | memory | steps,
		// JSON and XML.
		"@(JToken.Parse(new string('[', 100000)))":                                                                            dotnet | memory,
		"@(JToken.Parse(new string('[', 100000) + new string(']', 100000)))":                                                  dotnet | memory,
		"@(JToken.Parse(\"[\" + string.Concat(Enumerable.Repeat(\"{},\", 1000000)) + \"0]\"))":                                memory,
		"@(JToken.Parse(\"[\" + string.Concat(Enumerable.Repeat(\"0,\", 1500000)) + \"0]\"))":                                 memory,
		"@(JToken.Parse(new string('9', 1000000)).Type)":                                                                      dotnet | steps | memory,
		"@(JsonConvert.DeserializeObject<List<List<List<int>>>>(new string('[', 1000000)))":                                   dotnet | memory,
		"@{ JToken t = new JArray(); for (int i = 0; i < 100000; i++) { t = new JArray(t); } return t.ToString(); }":          dotnet | memory | depth | steps,
		"@(JToken.Parse(\"{'a':1}\").SelectTokens(new string('.', 100000)).Count())":                                          dotnet | memory | steps,
		"@(XElement.Parse(string.Concat(Enumerable.Repeat(\"<a>\", 100000))))":                                                dotnet | memory,
		"@(XElement.Parse(\"<!DOCTYPE a [<!ENTITY b 'cccccccc'>]><a>&b;&b;</a>\"))":                                           dotnet,
		"@(XElement.Parse(\"<a \" + string.Concat(Enumerable.Range(0, 500000).Select(i => \"b\" + i + \"='1' \")) + \"/>\"))": memory | dotnet | steps,
	} {
		p, problems := e.Compile(text, nil)
		if p == nil {
			t.Errorf("%s: %v", text, problems)
			continue
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		_, err := p.Eval(context.Background(), expr.Args{}, limits)
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		var got int
		switch {
		case errors.Is(err, expr.ErrDeadline):
			got = want // a busy machine gets no further
		case errors.Is(err, expr.ErrSteps):
			got = steps
		case errors.Is(err, expr.ErrMemory):
			got = memory
		case errors.Is(err, expr.ErrDepth):
			got = depth
		case err != nil:
			got = dotnet
		}
		if got&want == 0 {
			t.Errorf("%s: ended with %v", text, err)
		}
		if took > 20*time.Second {
			t.Errorf("%s: took %v", text, took)
		}
		// What is in use at one time cannot be seen from here. What was taken in all
		// can, and a budget that is checked too late shows in it.
		if taken := int64(after.TotalAlloc - before.TotalAlloc); want == memory && taken > 200<<20 {
			t.Errorf("%s: took %d MiB", text, taken>>20)
		}
	}
}

// TestNesting holds that no text is too deep: a stack that overflows would end
// the process.
func TestNesting(t *testing.T) {
	e := env(t)
	const n = 20_000
	around := func(open, middle, shut string) string {
		return strings.Repeat(open, n) + middle + strings.Repeat(shut, n)
	}
	for name, text := range map[string]string{
		"parentheses":   "@(" + around("(", "1", ")") + ")",
		"conditionals":  "@(" + strings.Repeat("true ? ", n) + "1" + strings.Repeat(" : 2", n) + ")",
		"else branches": "@(" + strings.Repeat("true ? 1 : ", n) + "2)",
		"calls":         "@(\"a\"" + strings.Repeat(".Trim()", n) + ")",
		"arguments":     "@(" + around("Math.Abs(", "1", ")") + ")",
		"generics":      "@(new " + around("List<", "int", ">") + "())",
		"casts":         "@(" + strings.Repeat("(object)", n) + "1)",
		"negations":     "@(" + strings.Repeat("!", n) + "true)",
		"minuses":       "@(" + strings.Repeat("- ", n) + "1)",
		"sums":          "@(1" + strings.Repeat(" + 1", n) + ")",
		"coalescing":    "@(null" + strings.Repeat(" ?? \"a\"", n) + ")",
		"lambdas":       "@{ Func<object, object> f = " + strings.Repeat("x => ", n) + "1; return f; }",
		"blocks":        "@" + around("{", "return 1;", "}"),
		"ifs":           "@{ " + strings.Repeat("if (true) ", n) + "return 1; return 2; }",
		"arrays":        "@(" + around("new[] { ", "1", " }") + ")",
		"holes":         "@(" + around("$\"{", "1", "}\"") + ")",
		"members":       "@(a" + strings.Repeat("?.a", n) + ")",
		"elements":      "@(a" + strings.Repeat("[0]", n) + ")",
		"tuples":        "@(" + around("(1, ", "2", ")") + ")",
		"ranks":         "@(new int" + strings.Repeat("[]", n) + " { })",
		"brackets only": "@(" + strings.Repeat("(", n) + ")",
		"braces only":   "@{" + strings.Repeat("{", n) + "}",
		"assignments":   "@{ int a; " + strings.Repeat("a = ", n) + "1; return a; }",
		"queries":       "@(" + strings.Repeat("from x in ", n) + "1 select x)",
	} {
		start := time.Now()
		p, problems := e.Compile(text, nil)
		if p != nil {
			if _, err := p.Eval(context.Background(), expr.Args{}, expr.Limits{Steps: 1e6, Memory: 16 << 20, Deadline: time.Second}); err != nil {
				t.Logf("%s: %v", name, err)
			}
		} else if !problems.HasErrors() {
			t.Errorf("%s: neither a program nor a problem", name)
		}
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

// TestEscapes tries to reach what expressions have no business with. The name is
// refused wherever it stands.
func TestEscapes(t *testing.T) {
	e := env(t)
	n := 0
	refuse := func(text, name string) {
		n++
		p, problems := e.Compile(text, nil)
		if p != nil {
			t.Errorf("%s compiles", text)
			return
		}
		if name != "" && !strings.Contains(problems[0].Message, name) {
			t.Errorf("%s: %s", text, problems[0].Message)
		}
	}
	for full, member := range map[string]string{
		"System.IO.File": "ReadAllText", "System.IO.Directory": "GetFiles", "System.IO.Path": "GetTempPath", "System.IO.FileStream": "Open", "System.IO.StreamReader": "Null",
		"System.Diagnostics.Process": "Start", "System.Diagnostics.Debug": "WriteLine", "System.Diagnostics.StackTrace": "New",
		"System.Threading.Thread": "Sleep", "System.Threading.Monitor": "Enter", "System.Threading.Tasks.Task": "Run", "System.Threading.Interlocked": "Increment",
		"System.Reflection.Assembly": "Load", "System.Reflection.MethodInfo": "GetCurrentMethod", "System.Activator": "CreateInstance", "System.AppDomain": "CurrentDomain",
		"System.GC": "Collect", "System.Console": "WriteLine", "System.Runtime.InteropServices.Marshal": "AllocHGlobal", "System.Runtime.CompilerServices.Unsafe": "As",
		"System.Net.Http.HttpClient": "New", "System.Net.WebClient": "DownloadString", "System.Net.Sockets.Socket": "New", "System.Net.Dns": "GetHostName",
		"System.Linq.Expressions.Expression": "Constant", "Microsoft.Win32.Registry": "LocalMachine", "System.Buffers.ArrayPool": "Shared", "System.Xml.XmlDocument": "New",
		"System.Delegate2": "New", "System.WeakReference": "New", "System.Security.Principal.WindowsIdentity": "GetCurrent", "System.Collections.Concurrent.ConcurrentBag": "New",
	} {
		short := full[strings.LastIndexByte(full, '.')+1:]
		refuse("@("+full+"."+member+"(\"x\"))", "")
		refuse("@("+short+"."+member+"(\"x\"))", short)
		refuse("@(new "+full+"(\"x\"))", "")
		refuse("@(new "+short+"(\"x\"))", short)
		refuse("@(typeof("+full+").FullName)", "")
		refuse("@{ "+short+" x = null; return x; }", short)
		refuse("@((object)1 as "+short+")", short)
	}
	for text, name := range map[string]string{
		"@(1.GetType().Assembly)":                           "Assembly",
		"@(1.GetType().GetMethods())":                       "GetMethods",
		"@(typeof(string).GetMethod(\"Copy\"))":             "GetMethod",
		"@(typeof(int).BaseType)":                           "BaseType",
		"@(Type.GetType(\"System.IO.File\"))":               "GetType",
		"@(\"\".GetType().Module)":                          "Module",
		"@(Environment.Exit(1))":                            "Exit",
		"@(Environment.GetEnvironmentVariable(\"PATH\"))":   "GetEnvironmentVariable",
		"@(Environment.MachineName)":                        "MachineName",
		"@{ dynamic d = 1; return d.Foo; }":                 "dynamic",
		"@{ unsafe { int* p = null; } return 1; }":          "",
		"@{ int* p = null; return 1; }":                     "",
		"@{ var p = stackalloc int[3]; return 1; }":         "",
		"@{ fixed (char* c = \"a\") { } return 1; }":        "",
		"@(((Func<int>)(() => 1)).Method.Name)":             "Method",
		"@(((Func<int>)(() => 1)).DynamicInvoke())":         "DynamicInvoke",
		"@(((Func<int>)(() => 1)).BeginInvoke(null, null))": "BeginInvoke",
		"@(new object().MemberwiseClone())":                 "MemberwiseClone",
		"@(new object().Finalize())":                        "Finalize",
		"@(XDocument.Load(\"file:///etc/passwd\"))":         "Load",
		"@(XElement.Load(\"file:///etc/passwd\"))":          "",
		"@(JsonConvert.DefaultSettings)":                    "DefaultSettings",
		"@(new X509Certificate2(\"/etc/cert.pfx\"))":        "",
		"@(new X509Store())":                                "X509Store",
		"@{ [System.Runtime.InteropServices.DllImport(\"c\")] extern static int getpid(); return getpid(); }": "",
		"@{ class A { } return new A(); }": "",
		"@(__makeref(1))":                  "",
		"@(__arglist())":                   "",
		"@{ #r \"x.dll\"\n return 1; }":    "",
		"@{ using System.IO; return 1; }":  "",
	} {
		refuse(text, name)
	}
	if n < 200 {
		t.Errorf("only %d escapes were tried", n)
	}
}
