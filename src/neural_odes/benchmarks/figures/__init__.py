"""One module a figure: `draw` reads the folder of the results."""
