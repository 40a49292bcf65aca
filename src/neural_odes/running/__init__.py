"""What runs stages: on one machine and on many."""
