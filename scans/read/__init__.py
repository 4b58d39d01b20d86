"""What stands on the form: codes and marks."""
