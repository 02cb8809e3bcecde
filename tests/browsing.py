"""What tests in a browser do with charts."""

from __future__ import annotations

from collections.abc import Iterable

from playwright.sync_api import Page


def point_at(page: Page, figure: str, rows: Iterable[int] = range(95, 5, -3)) -> str:
    """Move the mouse over a chart, row by row (percent of its height), until the tooltip shows; its text."""
    page.locator(f"{figure} canvas").scroll_into_view_if_needed()
    box = page.locator(f"{figure} canvas").bounding_box()
    assert box is not None
    for row in rows:
        for column in range(10, 100, 2):
            page.mouse.move(box["x"] + box["width"] * column / 100, box["y"] + box["height"] * row / 100)
            if page.locator("#tip").is_visible():
                return page.locator("#tip").inner_text()
    raise AssertionError(f"nothing in {figure} shows a tooltip")


def colored(page: Page, figure: str) -> int:
    """How many pixels of a chart are drawn."""
    return page.evaluate(
        """selector => { const canvas = document.querySelector(selector + ' canvas');
        const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
        copy.drawImage(canvas, 0, 0);
        const data = copy.getImageData(0, 0, canvas.width, canvas.height).data;
        let n = 0; for (let i = 3; i < data.length; i += 4) n += data[i] > 60; return n; }""",
        figure,
    )


def inks(page: Page, text: str) -> list[int]:
    """How much ink each character has in the font of the page."""
    return page.evaluate(
        """text => { const c = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
        c.canvas.height = 60;
        const ink = letter => { c.canvas.width = 60; c.font = '40px ' + getComputedStyle(document.body).fontFamily;
          c.fillText(letter, 5, 45);
          return c.getImageData(0, 0, 60, 60).data.reduce((sum, v, i) => sum + (i % 4 === 3 ? v : 0), 0); };
        return [...text].map(ink); }""",
        text,
    )


def printed(page: Page) -> tuple[bytes, list[str], list[str]]:
    """Print to PDF. The file, and what charts looked like on paper and look like after it, as data URLs."""
    look = "[...document.querySelectorAll('canvas')].map(canvas => canvas.toDataURL())"
    page.evaluate(
        f"matchMedia('print').addEventListener('change', () => {{ window.onPaper = {look}; }}, {{ once: true }})"
    )
    data = page.pdf(format="A4")
    page.wait_for_timeout(500)  # the charts are drawn again
    return data, page.evaluate("window.onPaper"), page.evaluate(look)
