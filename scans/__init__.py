"""Paper: from a file to a registered form, its marks and the evidence on its image."""
