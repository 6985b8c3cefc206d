// Package server is one serving process: it loads a service folder, runs the
// simulated regions beside it, listens, follows changes of the folder, and
// stops without cutting anybody off.
package server
