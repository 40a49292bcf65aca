"""Pages: what a notebook shows, and the stages that run it."""
