"""What MLflow runs for the models of a claim: a file each, of which a copy lies beside their weights."""
