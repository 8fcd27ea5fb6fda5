"""A person without a mouse: every step is a key; at every stop the focus must be seen, move on and read in order."""

from dataclasses import dataclass, field

from playwright.sync_api import Page, expect

FARTHEST = 200  # stops to a thing: further than that, the way is a trap or the thing cannot be reached
# where the focus is, whether one sees it, whether it stands after the last stop; marks the stop for the next question
STOP = """() => {
    const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
    const last = document.querySelector('[data-stop]');
    const out = {
        name: e.outerHTML.slice(0, 110), body: e === document.body, again: e === last,
        seen: (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== 'none',
        there: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight
            && box.right > 0 && box.left < innerWidth,
        backwards: Boolean(last && last.isConnected && e !== last && e.compareDocumentPosition(last) & 4),
    };
    last?.removeAttribute('data-stop');
    if (e !== document.body) e.setAttribute('data-stop', '');
    return out;
}"""


@dataclass
class Keyboard:
    """Hands on the keys; `faults` gathers what was not right on the way."""

    page: Page
    faults: list[str] = field(default_factory=list)
    stops: int = 0

    def press(self, *keys: str) -> None:
        """One after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def to(self, selector: str) -> None:
        """Tab until the focus is on the first element of this selector."""
        target = self.page.locator(selector).first
        expect(target).to_be_visible()
        if target.evaluate("e => e === document.activeElement"):
            return
        wrapped = False
        for _ in range(FARTHEST):
            self.press("Tab")
            wrapped = self._judge(wrapped) or wrapped
            if target.evaluate("e => e === document.activeElement"):
                return
        raise AssertionError(f"{selector} cannot be reached by Tab on {self.page.url}")

    def _judge(self, wrapped: bool) -> bool:
        """Note what is wrong with this stop; whether the focus went round the browser's own controls."""
        stop = self.page.evaluate(STOP)
        self.stops += 1
        where = f"{stop['name']} on {self.page.url}"
        if stop["body"]:
            return True
        if stop["again"] and "date" not in stop["name"]:  # the parts of a date are stops of one field
            self.faults.append(f"the focus does not move on from {where}")
        if not stop["seen"]:
            self.faults.append(f"the focus is not seen at {where}")
        if not stop["there"]:
            self.faults.append(f"the focus is off the screen at {where}")
        if stop["backwards"] and not wrapped and "skip-link" not in stop["name"]:
            self.faults.append(f"the focus goes backwards to {where}")
        return False

    def go(self, selector: str) -> None:
        """Reach a link or button and use it; wait for the page that follows."""
        self.to(selector)
        with self.page.expect_navigation():
            self.press("Enter")

    def write(self, selector: str, text: str) -> None:
        """Reach a text field and fill it."""
        self.to(selector)
        self.press("ControlOrMeta+a")
        self.page.keyboard.type(text)

    def choose(self, selector: str, value: str) -> None:
        """Reach a list and go through it with the arrows until this value is chosen."""
        self.to(selector)
        target = self.page.locator(selector).first
        self.press("Home")
        for _ in range(60):
            if target.input_value() == value:
                return
            self.press("ArrowDown")
        raise AssertionError(f"{selector} has no {value}")

    def day(self, selector: str, iso: str) -> None:
        """Reach a native day field and type its parts, in whatever order this browser has them."""
        self.to(selector)
        year, month, date = iso.split("-")
        field = self.page.locator(selector).first
        for parts in (f"{date}{month}{year}", f"{month}{date}{year}", f"{year}{month}{date}"):
            self.press("ArrowLeft", "ArrowLeft", "ArrowLeft")
            self.page.keyboard.type(parts)
            if field.input_value() == iso:
                return
        raise AssertionError(f"{selector} shows {field.input_value()}, not {iso}")
