"""What comes in: originals, response tables, units and custody."""
