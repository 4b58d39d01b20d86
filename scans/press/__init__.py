"""The press: an instrument becomes sheets of paper that the reader can read."""
