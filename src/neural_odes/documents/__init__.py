"""Tables of results for a terminal, and what is generated in README.md, docs/ and studies/README.md: for the command line."""
