// Package chat is the sample chat app: it answers questions over a few documents
// of a made-up company, Contoso, through Azure OpenAI's official Go client.
//
// It is a program of its own that happens to be in the same binary. It knows an
// endpoint and a key and nothing else of Spillway, so that it talks to one
// region first and to the gateway afterwards by changing these two alone.
//
// A question goes this way: search.go finds the parts of the documents that lie
// nearest to it, by embeddings; prompt.go puts them before the model; answer.go
// streams what the model says to the page as lines of JSON; failure.go puts what
// went wrong into words for the person who asked.
package chat
