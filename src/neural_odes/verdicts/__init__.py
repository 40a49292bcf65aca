"""What was published, what came out here, and the verdict on it."""
