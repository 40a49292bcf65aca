"""The page as a person uses it: clicks, drags, draws, types and reads, with mouse, finger and keyboard, wide and narrow."""

import re

import pytest

from benchmarks.browser import Tab


def number(tab: Tab, name: str, room: str = "flow") -> float:
    """What a room shows, once it does."""
    selector = f"#{room} [data-shows='{name}']"
    tab.until(f"/\\d/.test(document.querySelector(`{selector}`).textContent)")
    text = tab.text(selector).replace("−", "-")
    if found := re.fullmatch(r"(?:([\d.]+) · )?10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", text):
        return float(found[1] or 1) * 10 ** int(found[2].translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")))
    return float(text)


def settled(tab: Tab, name: str, room: str = "flow") -> float:
    """The same, once all that was asked is answered."""
    tab.until("explore.thread.asked.size === 0")
    return number(tab, name, room)


def hash_of(tab: Tab, part: str) -> str:
    tab.until(f"location.hash.includes({part!r})")
    return tab.evaluate("location.hash")


def test_one_file_that_asks_for_nothing_and_lets_no_other_script_run(chromium, page):
    text = page.read_text(encoding="utf-8")
    assert page.stat().st_size <= 3_000_000
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    assert re.fullmatch(
        r"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-[\w+/=]{44}'; worker-src blob:", policy
    )
    tab = chromium.tab()
    tab.open(page.as_uri())
    tab.until("document.documentElement.dataset.shown")
    assert not tab.messages()
    asked = {url for url in tab.requests() if not url.startswith("blob:")}  # its own thread
    assert asked <= {page.as_uri(), "data:,", "about:blank"}
    tab.evaluate(
        "globalThis.refused = []; addEventListener('securitypolicyviolation', e => refused.push(e.effectiveDirective));"
        "const s = document.createElement('script'); s.textContent = 'globalThis.hostile = 1'; document.body.append(s); 0"
    )
    tab.until("refused.length")
    assert tab.evaluate("[typeof hostile, refused[0]].join()") == "undefined,script-src-elem"
    tab.close()


def test_a_coarse_solver_tears_the_flow(opened):
    tab = opened("room=flow")
    fine = number(tab, "cloud-error")
    tab.choose("#flow [name=solver]", "euler")
    tab.type("#flow [name=steps]", "4")
    assert hash_of(tab, "steps=4") == "#room=flow&solver=euler&steps=4"
    tab.until("document.querySelector(`#flow [data-shows='cloud-nfe']`).textContent === '4'")
    assert settled(tab, "cloud-error") > 100 * fine
    assert number(tab, "cloud-back") > 0.05 and number(tab, "nfe") == 4


def test_a_point_is_followed(opened):
    tab = opened("room=flow")
    before = number(tab, "log-q")
    start, end = tab.place("#flow canvas.points", 0.5, 0.5), tab.place("#flow canvas.points", 0.6, 0.45)
    tab.drag([start, end])
    after = settled(tab, "log-q")
    assert after != before
    assert number(tab, "gap") == pytest.approx(number(tab, "log-p") - after, abs=0.0016)
    x = float(tab.evaluate("document.querySelector('#flow [name=x]').value"))
    tab.evaluate("document.querySelector('#flow canvas.points').focus()")
    tab.press("ArrowRight", "ArrowRight")
    assert float(tab.evaluate("document.querySelector('#flow [name=x]').value")) == pytest.approx(x + 0.1, abs=2e-3)
    assert settled(tab, "log-q") != after


def test_time_is_dragged_and_played(opened):
    tab = opened("room=flow")
    tab.until("!document.querySelector('#flow figure.ended').hidden")
    tab.click("#flow .play")
    tab.until("document.querySelector('#flow .play').textContent === 'Stop'")
    tab.until("document.querySelector('#flow figure.ended').hidden")
    tab.until("document.querySelector('#flow .play').textContent === 'Play'")
    assert tab.text("#flow [data-shows=time]") == "1.00"
    tab.evaluate("document.querySelector('#flow [name=time]').focus()")
    tab.press("ArrowLeft")
    assert hash_of(tab, "time") == "#room=flow&time=0.99"


def test_motion_that_is_not_wanted_is_ten_leaps(opened):
    tab = opened("room=flow", reduced_motion="reduce")
    tab.evaluate(
        "globalThis.times = new Set(); new MutationObserver(() => times.add(document.querySelector('#flow output').textContent))"
        ".observe(document.querySelector('#flow output'), {childList: true}); 0"
    )
    tab.click("#flow .play")
    tab.until("times.has('0.50')")
    tab.until("document.querySelector('#flow .play').textContent === 'Play'")
    assert set(tab.evaluate("[...times]")) <= {f"{tenth / 10:.2f}" for tenth in range(11)}


def test_an_observation_is_dragged_and_the_curve_follows(opened):
    tab = opened("room=spiral")
    before = number(tab, "in-ours", "spiral")
    assert number(tab, "count", "spiral") == 30
    x, y = tab.evaluate(
        "(() => { const room = explore.made.spiral, c = room.plane.canvas; c.scrollIntoView({block: 'center'});"
        "const b = c.getBoundingClientRect(), o = room.observations[4], [x, y] = room.plane.place(o.x, o.y);"
        "return [b.left + x, b.top + y]; })()"
    )
    tab.drag([(x, y), (x + 20, y - 10), (x + 40, y - 20)])
    assert settled(tab, "in-ours", "spiral") > before
    assert number(tab, "count", "spiral") == 30
    assert "source=moved" in hash_of(tab, "placed=")


def test_observations_are_placed_moved_and_removed(opened):
    tab = opened("room=spiral")
    tab.click("#spiral button.clear")
    tab.until("document.querySelector('#spiral .said').textContent.includes('Nothing is observed yet')")
    for x, y in ((0.6, 0.6), (0.65, 0.55), (0.7, 0.5), (0.72, 0.45)):
        tab.click("#spiral canvas.plane", x, y)
    assert tab.until("document.querySelector(`#spiral [data-shows='count']`).textContent === '4'")
    assert "source=placed" in hash_of(tab, "placed=0:")
    assert tab.text("#spiral [data-shows='in-ours']") == "–" and number(tab, "in-apart", "spiral") > 0
    tab.evaluate("document.querySelector('#spiral canvas.plane').focus()")
    tab.press("n", "ArrowUp", "Delete")
    assert tab.until("document.querySelector(`#spiral [data-shows='count']`).textContent === '3'")
    placed = tab.evaluate("explore.made.spiral.state.placed")
    tab.until("location.hash.split(',').length === 3")
    address = tab.evaluate("location.href")
    tab.open("about:blank")
    tab.open(address)
    tab.until("document.documentElement.dataset.shown")
    assert tab.evaluate("explore.made.spiral.state.placed") == placed, "the address keeps them"


@pytest.mark.parametrize(
    ("placed", "said"),
    [
        ("", "Nothing is observed yet"),
        ("3:1:1", "many spirals are possible"),
        ("3:5.1:0.2,3:5.1:0.2,9:5.3:0.9,14:5:1", "the same time"),
        ("0:50:50,1:50:50,2:50:50,3:50:50", "No spiral of the family passes"),
        ("99:-50:-50", "No spiral of the family passes"),
    ],
)
def test_odd_observations_are_told_of(opened, placed, said):
    tab = opened(f"room=spiral&source=placed&placed={placed}")
    assert said in tab.until("document.querySelector('#spiral .said').textContent")
    assert not re.search("NaN|Infinity|undefined", tab.evaluate("document.querySelector('#spiral').innerText"))


@pytest.mark.parametrize("noise", [0, 1])
def test_the_generator_is_asked_for_others(opened, noise):
    tab = opened(f"room=spiral&noise={noise}&direction=clockwise&start=290&count=100")
    assert number(tab, "count", "spiral") == 100 and number(tab, "told", "spiral") == max(noise, 0.03)
    first = number(tab, "in-best", "spiral")
    assert 0 <= first < number(tab, "in-ours", "spiral") * 20
    if noise:
        tab.click("#spiral button.again")
        assert settled(tab, "in-best", "spiral") != first


def test_a_digit_is_drawn_and_read(opened):
    tab = opened("room=digit")
    assert tab.text("#digit [data-shows=answer]") == tab.text("#digit [data-shows=label]")
    stroke = ((0.5, 0.15), (0.5, 0.3), (0.49, 0.5), (0.49, 0.7), (0.48, 0.85))
    tab.drag([tab.place("#digit canvas.paper", x, y) for x, y in stroke])
    tab.until("document.querySelector('#digit [data-shows=label]').textContent.includes('you drew it')")
    assert tab.until("document.querySelector('#digit [data-shows=answer]').textContent === '1'")
    tab.until("document.querySelectorAll('#digit .readings tr').length === 10")
    tab.click("#digit .clear")
    assert "Nothing is drawn yet" in tab.until("document.querySelector('#digit .said').textContent")


def test_a_digit_is_drawn_by_keyboard_and_by_finger(opened):
    tab = opened("room=digit")
    tab.evaluate("document.querySelector('#digit canvas.paper').focus()")
    tab.press("Delete", *["ArrowUp"] * 8, " ", *["ArrowDown"] * 16, " ")
    assert tab.until("document.querySelector('#digit [data-shows=answer]').textContent === '1'")
    tab.window(390, 800, touch=True)
    tab.click("#digit .clear")
    tab.swipe([tab.place("#digit canvas.paper", 0.5, y / 10) for y in range(1, 10)])
    assert tab.until("document.querySelector('#digit [data-shows=answer]').textContent === '1'")


def test_a_misread_image_says_so_and_solvers_are_compared(opened):
    tab = opened("room=digit")
    last = tab.evaluate("document.querySelectorAll('#digit .album button').length")
    tab.click(f"#digit .album button:nth-child({last})")
    assert "Misread" in tab.until("document.querySelector('#digit .said').textContent")
    assert hash_of(tab, "image=") == f"#room=digit&image={last - 1}"
    tab.choose("#digit [name=solver]", "euler")
    tab.type("#digit [name=steps]", "1")
    tab.until("document.querySelector('#digit [data-shows=nfe]').textContent === '1'")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("room=attic", "There is no room “attic”"),
        ("room=flow&time=Infinity", "time=Infinity is not a number from 0 to 1"),
        ("room=flow&steps=0&solver=euler", "steps=0 is not a whole number from 1 to 100"),
        ("room=flow&solver=magic", "solver=magic is not one of euler, midpoint, rk4, dopri5"),
        ("room=spiral&placed=1:2", "placed=1:2 is not at most 100 of"),
        ("room=spiral&count=1e9", "count=1e9 is not a whole number from 3 to 100"),
        ("room=digit&image=-1", "image=-1 is not a whole number from 0 to"),
        ("room=flow&colour=red", "colour is nothing that this room knows"),
        ("room=flow&x=<img src=x>", "x=<img src=x> is not a number from"),
    ],
)
def test_an_address_that_cannot_be_is_told_of(opened, address, said):
    tab = opened(address)
    assert said in tab.text("#complaints")


def test_a_link_to_a_situation_shows_it(opened):
    tab = opened("room=flow&solver=rk4&steps=2&time=0.5&x=1&y=-0.5")
    values = tab.evaluate("['solver', 'steps', 'time', 'x', 'y'].map(n => document.querySelector(`#flow [name=${n}]`).value)")
    assert values == ["rk4", "2", "0.5", "1", "-0.5"] and number(tab, "nfe") == 8
    tab.click("nav.rooms a[href='#room=about']")
    tab.until("!document.getElementById('about').hidden && document.getElementById('flow').hidden")
    assert tab.evaluate("document.querySelector('nav.rooms [aria-current]').hash") == "#room=about"


def test_a_field_says_what_it_takes(opened):
    tab = opened("room=flow&solver=euler")
    tab.type("#flow [name=steps]", "7.5")
    assert "Steps: give a whole number from 1 to 100" in tab.until("document.querySelector('#flow .said').textContent")
    assert tab.evaluate("document.querySelector('#flow [name=steps]').getAttribute('aria-invalid')") == "true"


def test_a_point_far_out_has_numbers(opened):
    tab = opened("room=flow&x=4&y=-4&solver=euler&steps=1")
    assert not re.search("NaN|undefined", tab.evaluate("document.querySelector('#flow').innerText"))


@pytest.mark.parametrize("room", ["flow", "spiral", "digit", "about"])
def test_everything_is_reached_by_keyboard_and_seen(opened, room):
    tab = opened(f"room={room}")
    selector = f"nav a, #{room} :is(a, button, input, select, canvas[tabindex], [tabindex])"
    wanted = tab.evaluate(f"[...document.querySelectorAll({selector!r})].filter(e => e.offsetParent).length")
    reached = set()
    for _ in range(wanted + 12):
        tab.press("Tab")
        state = tab.evaluate(
            "(() => { const e = document.activeElement; globalThis.ids ??= new Map(); if (!ids.has(e)) ids.set(e, ids.size);"
            f"return [e.matches({selector!r}) ? ids.get(e) : -1, getComputedStyle(e).outlineStyle]; }})()"
        )
        if state[0] >= 0:
            reached.add(state[0])
            assert state[1] != "none", "focus is visible"
    assert len(reached) == wanted


@pytest.mark.parametrize("room", ["flow", "spiral", "digit", "about"])
@pytest.mark.parametrize("width", [360, 1280, 3840])
def test_it_fits_any_window(opened, room, width):
    tab = opened(f"room={room}", width=width)
    assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    small = tab.evaluate(
        f"[...document.querySelectorAll('#{room} :is(button, input, select)')].filter(e => e.offsetParent)"
        ".map(e => e.getBoundingClientRect()).filter(b => b.height < 24 || b.right > innerWidth + 1).length"
    )
    assert small == 0


FAINT = """
(() => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const light = rgb => {
    const [r, g, b] = rgb.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = element => {
    const found = parse(getComputedStyle(element).backgroundColor);
    return found.length > 3 && found[3] === 0 ? (element.parentElement ? behind(element.parentElement) : [255, 255, 255]) : found;
  };
  const contrast = element => {
    const both = [parse(getComputedStyle(element).color), behind(element)].map(light).sort((a, b) => b - a);
    return (both[0] + 0.05) / (both[1] + 0.05);
  };
  const text = element => [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join("");
  return [...document.querySelectorAll("body *")].filter(e => e.offsetParent && text(e)).map(e => [contrast(e), text(e)])
    .filter(([found]) => found < 4.5);
})()
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("room", ["flow", "spiral", "digit", "about"])
def test_text_stands_out(opened, room, scheme):
    """WCAG 2: a contrast of 4.5 between text and what is behind it."""
    tab = opened(f"room={room}", color_scheme=scheme)
    assert tab.evaluate(FAINT) == []


def test_the_default_solver_is_the_one_whose_accuracy_is_tested(opened):
    tab = opened("room=flow")
    assert tab.evaluate("[explore.made.flow.state.solver, explore.made.flow.state.tolerance].join()") == "dopri5,1e-6"
