package backend

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// Session is the session affinity of a pool: a cookie that leads a caller back
// to the member that served it.
type Session struct {
	// Cookie is the cookie's name.
	Cookie string
	// members are the values of the cookie, by member.
	members map[string]*Member
	values  map[*Single]string
}

// newSession makes the cookie's values. A value names its member and cannot be
// made up: it is keyed with what only the gateway and the member know, its
// credentials. So it holds for every gateway of the same service, and after a
// restart, until the member's key is changed.
func newSession(pool, cookie string, members []*Member) *Session {
	s := &Session{Cookie: cookie, members: map[string]*Member{}, values: map[*Single]string{}}
	for _, m := range members {
		key := sha256.New()
		for _, f := range m.Header {
			key.Write([]byte(f.Name + "\x00" + f.Value + "\x00"))
		}
		key.Write([]byte(m.Query + "\x00" + m.URL))
		mac := hmac.New(sha256.New, key.Sum(nil))
		mac.Write([]byte(pool + "\x00" + m.ID))
		value := hex.EncodeToString(mac.Sum(nil)[:16])
		s.members[value], s.values[m.Single] = m, value
	}
	return s
}

// Member is who a cookie's value leads to; nil for one that was not made here.
func (s *Session) Member(value string) *Member { return s.members[value] }

// Value is the cookie's value for a member.
func (s *Session) Value(m *Member) string { return s.values[m.Single] }
