package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock"
	"github.com/spillway-gateway/spillway/internal/openai"
)

// Field is one header line.
type Field struct{ Name, Value string }

// Request is a request to a region without a socket.
type Request struct {
	Method string
	Path   string // as on the wire: percent-encoded
	Query  string // without "?"
	Header []Field
	Body   io.Reader // nil means none
}

// get is the first value of a header.
func (q *Request) get(name string) string {
	for _, f := range q.Header {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// joined is all values of a header, as a server that joins lines sees them.
func (q *Request) joined(name string) (value string, present bool) {
	for _, f := range q.Header {
		if strings.EqualFold(f.Name, name) {
			if present {
				value += ", "
			}
			value, present = value+f.Value, true
		}
	}
	return value, present
}

// Response is a region's answer: its head has come, the body is read piece by
// piece.
type Response struct {
	Status int
	Header []Field
	Length int64 // of the body in bytes; -1 for a stream
	Body   *Body
}

// Get is the first value of a header, or "".
func (r *Response) Get(name string) string {
	for _, f := range r.Header {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Failures of the connection, as faults make them.
var (
	// ErrRefused says that the region takes no connections.
	ErrRefused = errors.New("connection refused")
	// ErrReset says that the connection was reset before the answer was
	// complete.
	ErrReset = errors.New("connection reset by peer")
	// ErrEnded says that the connection was closed, in order, before the
	// answer was complete.
	ErrEnded = errors.New("unexpected end of the connection")
)

// maxBody is the largest request body that a region reads, far above any
// prompt.
const maxBody = 64 << 20

// Call asks the region in process, on the region's clock, under the same
// quotas and faults as through a socket. It returns when the head is due. The
// error wraps ErrRefused, or is that of ctx, whose end is the client leaving
// (a region that hangs waits for nothing else), or that of reading the
// request's body. The caller reads the answer's body to its end or closes it.
func (r *Region) Call(ctx context.Context, req *Request) (*Response, error) {
	f := r.Fault()
	if f != nil && f.Kind == "refuse" {
		return nil, fmt.Errorf("region %s: %w", r.name, ErrRefused)
	}
	c := r.begin(req, f)
	if f != nil && f.After == "accept" {
		return nil, c.hang(ctx)
	}
	return c.answer(ctx)
}

// call is one request at work.
type call struct {
	r      *Region
	req    *Request
	target target
	wrong  *openai.Error // with the address or the credentials
	fault  *Fault        // in force when the request came; nil once it spares it
	rec    *record
	rng    *rand.Rand
	began  time.Time
	dep    *deployment
	stand  *standing // what the quota said, once it was asked
	id     string    // apim-request-id

	spilled bool      // from a provisioned deployment to the one that dep is now
	charged int       // by the deployment's meter, on arrival
	cost    int       // what the answer does cost; nothing if there is none
	settled sync.Once // guards what is told the meter of the two
}

// begin enters a request in the log and judges its address and credentials.
func (r *Region) begin(req *Request, f *Fault) *call {
	c := &call{r: r, req: req, fault: f, began: r.clock.Now()}
	c.rng = rand.New(rand.NewPCG(r.seed, r.requests.Add(1)))
	c.id = guid(c.rng)
	c.target, c.wrong = locate(req)
	key, refused := r.authenticate(req, c.target.v1, c.began)
	if c.wrong == nil || refused != nil && !strings.Contains(req.Path, "//") {
		c.wrong = refused
	}
	e := Entry{Time: c.began.UTC(), Method: req.Method, Path: req.Path, Query: req.Query, Key: key}
	if forwarded, ok := req.joined("X-Forwarded-For"); ok {
		e.ForwardedFor = &forwarded
	}
	if c.dep = r.deployments[c.target.deployment]; c.dep != nil {
		e.Deployment = c.dep.Name
	}
	c.rec = r.log.begin(e)
	return c
}

// answer works the request out and waits until the head is due.
func (c *call) answer(ctx context.Context) (*Response, error) {
	body, err := c.readBody()
	if err != nil {
		return nil, c.gone(err)
	}
	rep := c.spill(c.work(body), body)
	rep.wait += c.r.profile.network
	if c.fault != nil && c.fault.Kind == "slow" {
		rep.wait += c.fault.delay
	}
	if err := c.r.clock.Sleep(ctx, rep.wait); err != nil {
		return nil, c.gone(err)
	}
	if err := ctx.Err(); err != nil {
		return nil, c.gone(err)
	}
	if f := c.fault; f != nil && f.Kind == "malformed" && rep.status == 200 {
		f.spoil(rep)
	}
	length := int64(len(rep.body))
	if rep.events != nil {
		length = -1
	}
	header := c.header(rep, length)
	c.r.log.head(c.rec, rep.status)
	return &Response{Status: rep.status, Header: header, Length: length, Body: c.open(ctx, rep)}, nil
}

// readBody reads the request's body, up to a byte more than maxBody.
func (c *call) readBody() ([]byte, error) {
	if c.req.Body == nil {
		return nil, nil
	}
	var buf bytes.Buffer
	_, err := buf.ReadFrom(io.LimitReader(c.req.Body, maxBody+1))
	return buf.Bytes(), err
}

// hang waits for the client to leave.
func (c *call) hang(ctx context.Context) error {
	return c.gone(c.r.clock.Sleep(ctx, clock.Forever))
}

func (c *call) gone(err error) error {
	c.settle()
	c.r.log.end(c.rec, ClientGone)
	return err
}

// reply is an answer before it is on its way.
type reply struct {
	status int
	kind   string // its content type
	header []Field
	body   []byte
	events *stream // instead of body
	wait   time.Duration
	model  bool // made by a model, not by the front end
}

// work decides what to answer. The order is Azure's: the front end judges
// address, credentials and deployment, then the quota, then the model speaks.
// Faults that answer in its place come before the quota, which they leave
// alone.
func (c *call) work(body []byte) *reply {
	if c.wrong != nil {
		c.spare()
		return refusal(c.wrong)
	}
	if len(body) > maxBody {
		c.spare()
		return refusal(openai.Front(413, "RequestEntityTooLarge", "The request body is too large."))
	}
	do, refused := c.prepare(body)
	if c.dep != nil {
		c.r.log.deployment(c.rec, c.dep.Name)
	}
	c.spare()
	if rep := c.faulty(); rep != nil {
		return rep
	}
	if refused != nil {
		return refusal(refused)
	}
	return do()
}

// prepare reads the body as far as the operation needs it, to know the
// deployment. What it returns answers the request.
func (c *call) prepare(body []byte) (do func() *reply, refused *openai.Error) {
	if c.target.deployment != "" && c.dep == nil {
		return nil, openai.DeploymentNotFound()
	}
	switch c.target.op {
	case opChat:
		return c.prepareChat(body)
	case opCompletions:
		return c.prepareCompletion(body)
	case opEmbeddings:
		return c.prepareEmbeddings(body)
	case opResponses, opResponseCompact:
		return c.prepareResponse(body)
	case opResponseGet, opResponseDelete, opResponseCancel, opResponseItems:
		return c.storedResponse, nil
	case opOther:
		if c.dep == nil {
			return nil, openai.ResourceNotFound()
		}
		return nil, openai.OperationNotSupported(c.target.verb, c.dep.model.name)
	default:
		return c.list, nil
	}
}

// named finds the deployment that a body names, where the path does not. bad is
// what is wrong with the body.
func (c *call) named(model string, bad *openai.Error) *openai.Error {
	if c.target.deployment != "" {
		return nil
	}
	if c.dep = c.r.deployments[model]; c.dep != nil {
		return nil
	}
	switch {
	case model != "":
		return openai.DeploymentNotFound()
	case bad != nil:
		return bad
	case c.target.op == opResponses || c.target.op == opResponseCompact:
		return openai.Model(400, "invalid_request_error", "model", "missing_required_parameter", "Missing required parameter: 'model'.")
	}
	return openai.Invalid("", "you must provide a model parameter")
}

// spare settles whether the fault in force strikes this request, whose
// deployment is known by now; c.fault is nil if not.
func (c *call) spare() {
	f := c.fault
	if f == nil {
		return
	}
	elsewhere := f.Deployment != "" && (c.dep == nil || c.dep.Name != f.Deployment)
	if elsewhere || f.Share != nil && c.rng.Float64() >= *f.Share {
		c.fault = nil
	}
}

func refusal(e *openai.Error) *reply {
	rep := &reply{status: e.Status, kind: "application/json", body: []byte(e.Body), model: e.FromModel}
	if e.FromModel {
		rep.header = []Field{
			{"ms-azureml-model-error-reason", "model_error"},
			{"ms-azureml-model-error-statuscode", fmt.Sprint(e.Status)},
		}
	}
	return rep
}

// faulty is the answer of a fault in the model's place, nil if it leaves the
// request to the quota and the model.
func (c *call) faulty() *reply {
	f := c.fault
	switch {
	case f == nil:
		return nil
	case f.Kind == "throttle":
		return c.throttledByFault(f)
	case f.Kind == "brownout" && c.rng.Float64() < f.Errors:
		rep := c.statusByFault(f)
		rep.wait = scale(f.delay, 0.5+c.rng.Float64())
		return rep
	case f.Kind == "status":
		return c.statusByFault(f)
	}
	return nil
}

func (c *call) statusByFault(f *Fault) *reply {
	status := f.Status
	if status == 0 {
		status = 500 // a brown-out's, unless it names one
	}
	e := openai.ForStatus(status)
	rep := &reply{status: status, kind: "application/json", body: []byte(e.Body)}
	if status == 403 && f.Body == nil {
		rep.header = []Field{{"policy-id", "ThrowExceptionDueToTrafficDenied"}}
	}
	switch {
	case status == 204 || status == 304:
		rep.body, rep.kind = nil, ""
	case f.Body != nil:
		rep.body, rep.kind = faultBody(f.Body)
	}
	return rep
}

// charge is what a request costs the quota on arrival: a standard deployment by
// the region's way of counting, where one without a limit of tokens counts as
// unlimited; a provisioned one by the model's weight of output.
func (c *call) charge(prompt, limit, choices, unlimited int) int {
	switch {
	case c.dep.Provisioned:
		if limit == 0 {
			limit = guessedOutput
		}
		return max(0, prompt+limit*choices*c.dep.model.weight())
	case c.r.quotaMode == Observed:
		if limit == 0 {
			limit = unlimited
		}
		return max(0, limit)
	}
	return max(0, prompt+limit*choices)
}

// spent notes what an answer costs in the end.
func (c *call) spent(prompt, completion int) {
	c.cost = prompt + completion*c.dep.model.weight()
}

// settle tells the quota, once, what the answer did cost.
func (c *call) settle() {
	c.settled.Do(func() {
		if c.stand != nil && c.stand.refusedBy == "" {
			c.meter().settle(c.r.clock.Now(), c.cost-c.charged)
		}
	})
}

func (c *call) meter() meter {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	return c.dep.meter
}

// admit charges the quota, or answers 429.
func (c *call) admit(tokens int) *reply {
	s := c.meter().admit(c.began, tokens, c.r.refusalCost)
	c.stand, c.charged = &s, tokens
	if s.refusedBy == "" {
		return nil
	}
	return c.throttled(s)
}

// pace draws the time of one chat, with what a brown-out does to it.
func (c *call) pace(promptTokens int) timing {
	t := c.r.profile.chat(c.rng, c.r.name, c.dep.model, promptTokens, c.meter().load(c.began), c.dep.Provisioned)
	if f := c.fault; f != nil && f.Kind == "brownout" && f.Factor > 1 {
		// Who waits long for a first token waits less for each that follows.
		t.first, t.gap = scale(t.first, f.Factor), scale(t.gap, math.Sqrt(f.Factor))
	}
	return t
}

// embeddingTime is the same for embeddings.
func (c *call) embeddingTime(inputs int) time.Duration {
	d := c.r.profile.embeddings(c.rng, c.r.name, inputs, c.meter().load(c.began))
	if f := c.fault; f != nil && f.Kind == "brownout" && f.Factor > 1 {
		d = scale(d, f.Factor)
	}
	return d
}
