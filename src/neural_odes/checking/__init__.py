"""What answers for results."""
