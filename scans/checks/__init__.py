"""One file a cue that judges a single page; the registry finds them."""
