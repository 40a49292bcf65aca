"""What bounds a choice of parameters. No PyTorch: params.yaml is validated by it in a moment."""

MUON_SIDE = 32
"""Muon updates the matrices with both sides at least so long: the others are a few columns of features, or a head."""
