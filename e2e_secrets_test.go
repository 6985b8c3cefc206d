package spillway_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestSecretsStayInside runs the service of the scenario "secrets" as a process,
// with each of its secrets sent through headers, addresses, bodies, exceptions
// and problems, and more from the environment and a file: standard output and
// error, the access log, traces in both forms, answers to errors and all that
// check says hold none of them.
func TestSecretsStayInside(t *testing.T) {
	t.Parallel()
	region := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(region.Close)
	archive, err := txtar.ParseFile("testdata/script/secrets.txtar")
	if err != nil {
		t.Fatal(err)
	}
	files, data := map[string]string{}, map[string]string{}
	for _, f := range archive.Files {
		if name, ok := strings.CutPrefix(f.Name, "service/"); ok {
			files[name] = strings.ReplaceAll(string(f.Data), "http://a.test", region.URL)
		} else {
			data[f.Name] = string(f.Data)
		}
	}
	const envSecret, fileSecret, tokenSecret, readerSecret = "s3cret-31-environment", "s3cret-32-file", "s3cret-33-token", "s3cret-34-reader"
	for name, n := range map[string]string{"from-env": "env", "from-file": "file"} {
		files["named values/"+name+"/namedValueInformation.json"] = `{"properties": {"displayName": "` + name + `", "secret": true}}`
		files["apis/ai/policy.xml"] = strings.Replace(files["apis/ai/policy.xml"], "        <choose>\n",
			`        <set-header name="x-`+n+`" exists-action="override"><value>{{`+name+"}}</value></set-header>\n        <choose>\n", 1)
	}
	files["spillway.yaml"] = "namedValues:\n  from-env: {env: OUR_SECRET}\n  from-file: {file: secret.txt}\n"
	files["secret.txt"] = fileSecret + "\n"
	dir := t.TempDir()
	write(t, dir, files)

	flags := ports(t)
	p := command(t, nil, append(append([]string{"serve"}, flags...), dir)...)
	p.cmd.Env = append(p.cmd.Env, "OUR_SECRET="+envSecret, "SPILLWAY_TOKEN="+tokenSecret, "SPILLWAY_READER_TOKEN="+readerSecret)
	p.start()
	gateway := p.field("gateway")
	c := client(t)
	said := map[string]string{} // by where
	operations := regexp.MustCompile(`operationId: (\w+)`).FindAllStringSubmatch(files["apis/ai/specification.yaml"], -1)
	if len(operations) < 10 {
		t.Fatalf("%d operations", len(operations))
	}
	key := "Ocp-Apim-Subscription-Key: s3cret-23-primary"
	for _, o := range operations {
		for _, header := range [][]string{
			{key}, {"Ocp-Apim-Subscription-Key: s3cret-21-wrong-key"}, {key, "Authorization: Bearer s3cret-25-bearer-token", "Cookie: session=s3cret-27-cookie"},
		} {
			resp, body := do(t, c, "POST", gateway+"/ai/"+o[1]+"?code=s3cret-22-in-the-query", "x", header...)
			if o[1] == "status" && resp.StatusCode == 418 {
				continue // that policy tells the caller by itself
			}
			said["answer of "+o[1]] += fmt.Sprint(resp.Header, resp.Status, body)
		}
		for _, more := range []string{"", "-json"} {
			args := []string{"trace", "-H", "Authorization: Bearer s3cret-25-bearer-token", "-d", "x", "POST", "/ai/" + o[1] + "?subscription-key=s3cret-24-secondary"}
			if more != "" {
				args = slices.Insert(args, 1, more)
			}
			tr := command(t, p, args...)
			tr.cmd.Env = append(tr.cmd.Env, "SPILLWAY_TOKEN="+tokenSecret)
			tr.start()
			if code := tr.exit(); code > 1 || !strings.Contains(tr.stdout.String(), "api-inspector") {
				t.Fatalf("trace of %s ends with %d\n%s%s", o[1], code, tr.stdout, tr.stderr)
			}
			out := tr.stdout.String()
			if o[1] == "status" && more == "" {
				// Reason and header come from the policy and are shown as answered.
				out, _, _ = strings.Cut(out, "\n418 ")
			}
			if more == "" {
				// The first line repeats what was typed.
				_, out, _ = strings.Cut(out, "\n")
			}
			said["trace of "+o[1]+more] = out + tr.stderr.String()
		}
	}
	checked := command(t, nil, "check", dir).start()
	checked.exit()
	said["check"] = checked.stdout.String() + checked.stderr.String()
	write(t, dir, map[string]string{"apis/ai/policy.xml": data["broken.xml"], "spillway.yaml": files["spillway.yaml"] + "subscriptions:\n  contoso: {valeu: s3cret-35-misspelled}\n"})
	p.stderr.await(t, "the broken edit is refused", func(s string) bool {
		return strings.Contains(s, "the change was refused") && strings.Contains(s, "errors")
	})
	for _, flag := range []string{"-json", "-strict"} {
		broken := command(t, nil, "check", flag, dir).start()
		if code := broken.exit(); code != 1 {
			t.Errorf("check of the broken folder ends with %d", code)
		}
		said["check "+flag] = broken.stdout.String() + broken.stderr.String()
	}
	p.signal(syscall.SIGTERM)
	if code := p.exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	said["standard output"], said["standard error"] = p.stdout.String(), p.stderr.String()
	if strings.Count(said["standard error"], `"msg":"request"`) < 3*len(operations) {
		t.Errorf("the access log is not where it was looked for:\n%s", said["standard error"])
	}
	secret := regexp.MustCompile(`(?i)s3cret[-M%][^\s"]{0,30}`)
	for where, what := range said {
		if found := secret.FindString(what); found != "" {
			line := what[:strings.Index(what, found)]
			t.Errorf("%s shows %s after %q", where, found, line[max(0, len(line)-300):])
		}
	}
	if st, err := os.Stat(dir + "/secret.txt"); err != nil || st.Size() == 0 {
		t.Error("the file with the secret has gone")
	}
}

// TestDemoShowsTwoSecrets holds that the demo prints the subscription key and
// the token, as it must, and no key of a region.
func TestDemoShowsTwoSecrets(t *testing.T) {
	t.Parallel()
	p := command(t, nil, append([]string{"demo", "-log"}, ports(t)...)...).start()
	control := p.field("control")
	_, body := do(t, client(t), "GET", control+"/regions", "")
	keys := regexp.MustCompile(`[0-9a-zA-Z]{24,}`).FindAllString(body, -1)
	if len(keys) < 6 {
		t.Fatalf("no keys in %s", body)
	}
	for range 5 {
		if resp, body := do(t, client(t), "POST", p.field("gateway")+chatPath, chatBody, "api-key: "+p.field("key"), "Content-Type: application/json"); resp.StatusCode != 200 {
			t.Fatalf("%d %s", resp.StatusCode, body)
		}
	}
	token := p.field("token")
	p.signal(syscall.SIGTERM)
	p.exit()
	out, log := p.stdout.String(), p.stderr.String()
	for _, k := range keys {
		if strings.Contains(out+log, k) {
			t.Errorf("a region's key %s is shown", k)
		}
	}
	if strings.Contains(log, p.field("key")) || strings.Contains(log, token) || !strings.Contains(log, `"msg":"attempt"`) {
		t.Errorf("the log:\n%s", log)
	}
}
