"""What the program is made of, and that it is nothing else."""
