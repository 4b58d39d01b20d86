"""From findings to cases, from decisions to what may be scored."""
