package apim

import (
	"strings"
	"time"
)

// Product is a bundle of APIs that callers subscribe to.
type Product struct {
	Resource
	DisplayName          string       `json:"displayName"`
	Description          string       `json:"description"`
	Terms                string       `json:"terms"`
	State                ProductState `json:"state"`
	SubscriptionRequired bool         `json:"subscriptionRequired"`
	ApprovalRequired     bool         `json:"approvalRequired"`
	// SubscriptionsLimit is nil for no limit.
	SubscriptionsLimit *int `json:"subscriptionsLimit"`

	APIs   []Link    `json:"-"`
	Groups []Link    `json:"-"`
	Tags   []Link    `json:"-"`
	Policy *Document `json:"-"`
}

// Defaults sets what APIM takes for properties that are absent.
func (p *Product) Defaults() {
	p.State = NotPublished
	p.SubscriptionRequired = true
}

// Contains reports whether the product holds the API, whatever its revision.
func (p *Product) Contains(a *API) bool {
	for _, link := range p.APIs {
		if strings.EqualFold(RootName(link.Target), a.RootName()) {
			return true
		}
	}
	return false
}

// Group is a group of users.
type Group struct {
	Resource
	DisplayName string `json:"displayName"`
	Description string `json:"description"`
	ExternalID  string `json:"externalId"`
	Type        string `json:"type"`
}

// User is a person or an application that owns subscriptions.
type User struct {
	Resource
	FirstName        string     `json:"firstName"`
	LastName         string     `json:"lastName"`
	Email            string     `json:"email"`
	Note             string     `json:"note"`
	State            string     `json:"state"`
	RegistrationDate time.Time  `json:"registrationDate"`
	Identities       []Identity `json:"identities"`
	// Groups are links to the groups the user belongs to.
	Groups []Link `json:"-"`
}

// Identity is how a user signs in.
type Identity struct {
	ID       string `json:"id"`
	Provider string `json:"provider"`
}

// Subscription is APIM's key-bearing resource.
type Subscription struct {
	Resource
	DisplayName string `json:"displayName"`
	// Scope is what the keys open; ParseSubscriptionScope reads it.
	Scope        string            `json:"scope"`
	State        SubscriptionState `json:"state"`
	PrimaryKey   string            `json:"primaryKey"`
	SecondaryKey string            `json:"secondaryKey"`
	// OwnerID refers to a user; empty for a subscription of its own.
	OwnerID          string    `json:"ownerId"`
	AllowTracing     bool      `json:"allowTracing"`
	StateComment     string    `json:"stateComment"`
	CreatedDate      time.Time `json:"createdDate"`
	StartDate        time.Time `json:"startDate"`
	EndDate          time.Time `json:"endDate"`
	ExpirationDate   time.Time `json:"expirationDate"`
	NotificationDate time.Time `json:"notificationDate"`

	// KeysSupplied says that the keys came from outside the folder (the
	// environment, a file, chance): they are never written into it.
	KeysSupplied bool `json:"-"`
}

// Defaults sets what APIM takes for properties that are absent.
func (s *Subscription) Defaults() { s.State = Active }
