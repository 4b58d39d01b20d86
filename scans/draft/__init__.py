"""From a blank form to an instrument file: what is printed where, and what is doubtful."""
