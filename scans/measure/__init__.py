"""What several checks need, measured once a page: ink, residue, missing print."""
