"""Forms whose truth is known, put among the cases to measure those who judge them."""
