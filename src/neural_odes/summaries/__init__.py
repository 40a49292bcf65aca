"""What summaries have in common: reading trainings and evaluations of the seeds, and what values over seeds come to."""
