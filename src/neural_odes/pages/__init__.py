"""Pages and tables."""
