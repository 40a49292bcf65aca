"""What the README says is what the committed metrics say."""

import re

from neural_odes import results


def test_the_readme_holds_the_committed_numbers(root):
    text = (root / "README.md").read_text()
    for name, block in results.blocks(root).items():
        assert f"{results.BEGIN.format(name)}\n{block}\n{results.END.format(name)}" in text


def test_every_file_that_the_readme_names_is_there(root):
    text = (root / "README.md").read_text()
    for name in re.findall(r"\]\((reports/[^)]+)\)", text):
        assert (root / name).is_file(), name
