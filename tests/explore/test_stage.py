"""The stage that makes the page: the same bytes each time, and a line that says what is wrong."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from neural_odes import params
from neural_odes.density.moons import TwoMoons
from neural_odes.pipeline import names
from neural_odes.running import redraw


@pytest.fixture
def copy(clone, tmp_path) -> Path:
    return shutil.copytree(clone, tmp_path / "copy")


def test_the_page_is_the_same_each_time_and_names_its_inputs(copy, page, remake):
    assert remake(copy).returncode == 0
    text = (copy / "reports/html/explore.html").read_text(encoding="utf-8")
    assert text == page.read_text(encoding="utf-8")
    footer = text.partition("<footer>")[2]
    told = re.findall(r"<tr><td>([^<]+)</td><td>[0-9a-f]{12}</td></tr>", footer)
    assert {"reports/explore", "reports/models/density", "reports/source/explore-digits"} <= set(told)
    assert "stage <code>explore</code>" in footer and str(copy) not in text


def test_an_edit_of_the_script_makes_this_page_again_and_nothing_else(root):
    stages = list(names.declared(root, root, params.load(root)))
    assert [stage.name.name for stage in stages if any(dep == "reports/explore" for dep in stage.deps)] == ["explore"]
    assert "explore" in [stage.name.name for stage in redraw._drawing(root)], "make figures draws it, too"


def test_what_is_missing_or_damaged_is_one_line(copy, remake):
    weights = copy / "reports/models/density/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    done = remake(copy)
    assert done.returncode == 1 and done.stderr.startswith("error: explore: ")
    assert "git checkout reports/models/density" in done.stderr
    assert "Traceback" not in done.stderr
    shutil.rmtree(copy / "reports/models/density")
    assert "reports/models/density: missing" in remake(copy).stderr


def test_the_exact_density_is_that_of_the_moons_behind_the_model(copy, remake, chromium):
    """Shifted, too."""
    path = copy / "reports/models/density/inputs.json"
    text, count = re.subn(r'(shift": )\[\s*0\.0,\s*0\.0\s*\]', r"\1[1.0, -0.5]", path.read_text())
    path.write_text(text)
    assert count and remake(copy).returncode == 0
    points = np.array([[1.0, 0.5], [2.0, -1.0], [0.0, 0.0]])
    asked = f"explore.thread.ask('exact', {{ points: Float64Array.from({points.ravel().tolist()}) }}).then(Array.from)"
    tab = chromium.tab()
    tab.open(f"{(copy / 'reports/html/explore.html').as_uri()}#room=about")
    tab.until("document.documentElement.dataset.shown")
    np.testing.assert_allclose(tab.evaluate(asked), TwoMoons(shift=(1.0, -0.5)).log_prob(points), atol=1e-6, rtol=1e-12)
    tab.close()


def test_a_classifier_of_other_images_has_no_room(copy, remake):
    """After ``neural-odes preset cifar10`` digits cannot be drawn: the other rooms stay."""
    path = copy / "reports/models/classification/inputs.json"
    text = path.read_text()
    for key in ('"dataset": ', '"classification.data.dataset": '):
        text = text.replace(f'{key}"mnist"', f'{key}"cifar10"')
    path.write_text(text)
    assert remake(copy).returncode == 0
    text = (copy / "reports/html/explore.html").read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])
    assert data["models"]["digit"] is None and 'id="digit"' not in text and 'id="flow"' in text
