"""What a stage of dvc.yaml is: what it may ask for, and what it writes down."""
