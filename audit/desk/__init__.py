"""The review desk: the web application in which inspectors judge flagged forms."""
