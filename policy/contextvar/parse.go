package contextvar

// parsers are the types beyond strings and bytes that As<T> gives.
var parsers []parser
