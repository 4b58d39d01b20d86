"""What counts, as numbers: rule sets by date, results, tiers, ranks."""
