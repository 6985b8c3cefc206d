package server

import (
	"cmp"
	crand "crypto/rand"
	"errors"
	"io/fs"
	"maps"
	"reflect"
	"sync/atomic"

	"github.com/spillway-gateway/spillway/apim"
	"github.com/spillway-gateway/spillway/internal/artifact"
	"github.com/spillway-gateway/spillway/internal/service"
	"github.com/spillway-gateway/spillway/internal/settings"
	"github.com/spillway-gateway/spillway/internal/store"
	"github.com/spillway-gateway/spillway/source"
)

// onDisk is the service folder as a process knows it.
type onDisk struct {
	// read is what the folder held when it was last looked at; it may have
	// errors, which loaded, the last good one, never has.
	last *service.Loaded
	// seen is the look at the folder that last belongs to.
	seen string
	// pending are changes over files that cannot be written: an embedded sample
	// keeps what is done to it as long as the process lives.
	pending artifact.Changes
	// set is the spillway.yaml of the service in force.
	set atomic.Pointer[settings.Settings]
	// profile is what clients put on the service itself.
	profile atomic.Pointer[[]byte]
}

// profileFile holds the service's own properties, beside the folder's files.
const profileFile = artifact.PrivateFolder + "/service.json"

// finish ends a write that an earlier process was stopped in.
func (p *process) finish() error {
	if p.config.Dir == "" {
		return nil
	}
	recovered, err := artifact.Recover(p.config.Dir)
	if err != nil {
		return &StartError{Err: err}
	}
	if recovered {
		p.log.Logger().Info("an interrupted write was finished", "folder", p.config.Dir)
	}
	return nil
}

// errGone is a folder that was there, with a service in it.
var errGone = errors.New("the service folder is gone; the last good service goes on")

// open is the folder as a file system. One that has not been made yet is an empty
// one; one that has gone is an error, or a service would vanish with its folder.
func (p *process) open() (fs.FS, func(), error) {
	if p.config.Files != nil {
		return &artifact.Overlay{Base: p.config.Files, Changes: maps.Clone(p.pending)}, func() {}, nil
	}
	root, err := artifact.Open(p.config.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		if p.last != nil && len(p.last.Folder.Files) > 0 {
			return nil, nil, errGone
		}
		return &artifact.Overlay{}, func() {}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return root, func() { _ = root.Close() }, nil
}

// world is what loading takes from outside of the folder.
func (p *process) world() service.World {
	return service.World{
		Env:    p.config.Env,
		File:   p.readFile,
		Region: p.region,
		Vault:  p.vault,
		Random: func(b []byte) { _, _ = crand.Read(b) },
		Keys:   p.keys, Configuration: p.config.Configuration, Secret: p.salt,
	}
}

// load reads the folder, compiles it, and publishes what came of it if there
// are no errors.
func (p *process) load() (problems source.Problems) {
	defer func() { p.found.Store(&problems) }()
	if p.config.Dir != "" {
		p.seen = look(p.config.Dir)
	}
	fsys, done, err := p.open()
	if err != nil {
		p.metrics.Load(false, p.clock.Now())
		return source.Problems{{Code: "folder", Message: err.Error()}}
	}
	defer done()
	l, problems := service.Load(fsys, cmp.Or(p.config.Name, "spillway"), p.world(), p.options)
	p.last = l
	if l.Service == nil {
		p.metrics.Load(false, p.clock.Now())
		return problems
	}
	if p.loaded != nil && !reflect.DeepEqual(p.loaded.Settings.Regions, l.Settings.Regions) {
		problems = append(problems, &source.Problem{
			File: l.Folder.Settings, Severity: source.Warning, Code: "restart",
			Message: "the regions have changed: they start and stop with the process",
		})
	}
	profile, err := fs.ReadFile(fsys, profileFile)
	if err != nil {
		profile = nil
	}
	p.publish(l, profile)
	return problems
}

// publish makes a compiled service the one in force.
func (p *process) publish(l *service.Loaded, profile []byte) {
	p.last, p.loaded = l, l
	p.set.Store(l.Settings)
	p.profile.Store(&profile)
	p.identities.use(l.Settings.Azure, l.Tokens, len(l.Settings.Regions)+len(p.config.Regions) > 0)
	p.interval.Store(int64(l.Settings.Azure.KeyVaultRefresh))
	p.send.Allow(hosts(l.Settings.Egress.Allow))
	p.gateway.Publish(l.Service)
	p.metrics.Load(true, p.clock.Now())
	p.compiled(l)
}

// reload follows a change of the folder that somebody else made. What does not
// compile is reported and changes nothing.
func (p *process) reload() {
	p.store.Exclusive(func() {
		if look(p.config.Dir) != p.seen {
			_ = p.follow() // It has told what is wrong.
		}
	})
}

// follow loads the folder again and tells what came of it.
func (p *process) follow() source.Problems {
	before := p.loaded.Service.Generation()
	problems := p.load()
	log := p.log.Logger()
	if problems.HasErrors() {
		log.Error("the change was refused; the last good service goes on", "errors", len(problems.Errors()), "first", problems.Errors()[0].Error())
	} else if p.loaded.Service.Generation() != before {
		log.Info("reloaded", "generation", p.loaded.Service.Generation(), "warnings", len(problems))
	} else {
		return problems
	}
	if p.config.Report != nil {
		p.config.Report(problems)
	}
	return problems
}

// refresh reads again what the service takes from outside of its folder.
func (p *process) refresh() error {
	var problems source.Problems
	p.store.Exclusive(func() {
		before := p.loaded.Service.Generation()
		problems = p.load()
		if now := p.loaded.Service.Generation(); now != before {
			p.log.Logger().Info("values from outside of the folder were read again", "generation", now)
		}
	})
	if problems.HasErrors() {
		return &store.InvalidError{Problems: problems}
	}
	return nil
}

// read is the state that a write starts from: what the folder holds now.
func (p *process) read() (*store.State, error) {
	if p.config.Dir != "" && look(p.config.Dir) != p.seen {
		_ = p.follow() // It has told what is wrong.
	}
	if p.last == nil {
		return nil, errors.New("the folder has not been read")
	}
	return &store.State{Service: p.last.Folder.Service, Secrets: p.last.Secrets, Profile: *p.profile.Load()}, nil
}

// candidate is a write that has been compiled.
type candidate struct {
	process *process
	changes artifact.Changes
	loaded  *service.Loaded
	profile []byte
	found   source.Problems
}

// validate compiles the folder as a write would leave it.
func (p *process) validate(from, to *store.State) (store.Candidate, source.Problems, error) {
	base, done, err := p.open()
	if err != nil {
		return nil, nil, &store.PersistError{Err: err}
	}
	defer done()
	changes, err := artifact.Diff(base, p.last.Folder.Files, from.Service, to.Service)
	if err != nil {
		return nil, nil, err
	}
	if !from.Secrets.Equal(to.Secrets) {
		changes[store.SecretsFile] = to.Secrets.JSON()
	}
	if string(from.Profile) != string(to.Profile) {
		changes[profileFile] = to.Profile
	}
	l, problems := service.Load(&artifact.Overlay{Base: base, Changes: changes}, cmp.Or(p.config.Name, "spillway"), p.world(), p.options)
	return &candidate{p, changes, l, to.Profile, problems}, problems, nil
}

// Persist writes the files that differ.
func (c *candidate) Persist() error {
	p := c.process
	if p.config.Dir != "" {
		err := artifact.Apply(p.config.Dir, c.changes)
		if err == nil {
			p.seen = look(p.config.Dir)
		}
		return err
	}
	if p.pending == nil {
		p.pending = artifact.Changes{}
	}
	maps.Copy(p.pending, c.changes)
	return nil
}

// Publish implements store.Candidate.
func (c *candidate) Publish() {
	c.process.publish(c.loaded, c.profile)
	c.process.found.Store(&c.found)
}

// problems are those that the folder has now: errors where a change of it was
// refused, and warnings.
func (p *process) problems() source.Problems {
	if found := p.found.Load(); found != nil {
		return *found
	}
	return nil
}

// preview looks into a write that was only tried.
func (p *process) preview(c store.Candidate) (*apim.Service, func(api, operation, product string) string) {
	l := c.(*candidate).loaded
	svc := l.Folder.Service
	if l.Service == nil {
		return svc, nil
	}
	return svc, func(api, operation, product string) string {
		a := svc.API(api)
		var o *apim.Operation
		if a != nil {
			o = a.Operation(operation)
		}
		return l.Service.Policies().Pipeline(a, o, svc.Product(product)).Effective()
	}
}

// given tells where spillway.yaml takes a value from.
func (p *process) given(collection, name string) string {
	s := p.set.Load()
	if collection == "subscriptions" {
		for key, k := range s.Subscriptions {
			if equalNames(key, name) {
				return origin("", k.Env, k.File, "")
			}
		}
		return ""
	}
	for key, v := range s.NamedValues {
		if equalNames(key, name) {
			return origin(v.Region, v.Env, v.File, v.Value)
		}
	}
	return ""
}

func origin(region, env, file, value string) string {
	switch {
	case region != "":
		return value + " of region " + region
	case env != "":
		return "variable " + env
	case file != "":
		return "file " + file
	}
	return "a value of its own"
}

func (p *process) service() *apim.Service {
	if s := p.gateway.Service(); s != nil {
		return s.APIM()
	}
	return nil
}

// settings reads spillway.yaml alone: what listens has to be known before the
// rest can be loaded. Its problems are reported with all others.
func (p *process) settings() (*settings.Settings, error) {
	fsys, done, err := p.open()
	if err != nil {
		return nil, &StartError{Err: err}
	}
	defer done()
	data, err := fs.ReadFile(fsys, settings.FileName)
	if err != nil {
		return settings.Default(), nil //nolint:nilerr // the file may be missing
	}
	set, _ := settings.Parse(source.NewFile(settings.FileName, string(data)))
	return set, nil
}
