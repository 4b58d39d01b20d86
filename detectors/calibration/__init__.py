"""How a raw score becomes a p-value that holds on honest data, and many p-values a verdict."""
