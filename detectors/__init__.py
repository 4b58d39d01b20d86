"""The ground: what a finding is, how it is calibrated, what numbers betray."""
