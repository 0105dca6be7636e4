from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from html.parser import HTMLParser

import numpy as np
import pytest

from tickworld.errors import UserError
from tickworld.visual.curves import Series, survival, svg
from tickworld.visual.report import Chart, Picture, ReportInput, Table, report_html
from tickworld.visual.video import gif_bytes, png_bytes

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;</style></pre>\x00\ud800"
FRAMES = np.zeros((3, 4, 4, 1), np.uint8)
VOID = {"meta", "img", "source", "br"}


def report(text: str = "words") -> ReportInput:
    """A report in which every part is there, and every word is ``text``."""
    return ReportInput(
        title=text,
        headline=text,
        lead=text,
        facts=[(text, text)],
        tables=[Table(text, ["", text], [[text, "1"], [text, text]])],
        pictures=[
            Picture(text, text, "image/gif", gif_bytes(FRAMES, 10)),
            Picture(text, text, "image/png", png_bytes(FRAMES[0])),
        ],
        charts=[Chart(text, svg(survival([Series("pixel", [1.0, 0.5, 0.0])]), "Survival"))],
        config=text,
        command=text,
    )


class Page(HTMLParser):
    """Reads a page strictly: every element that opens also closes, in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_the_page_is_proper() -> None:
    text = report_html(report())
    page = Page(text)
    assert text.startswith("<!DOCTYPE html>")
    assert page.all("html")[0]["lang"] == "en"
    assert any(meta.get("name") == "viewport" for meta in page.all("meta"))
    assert len(page.all("h1")) == 1 and len(page.all("main")) == 1
    assert all(image["alt"] for image in page.all("img"))
    assert {cell.get("scope") for cell in page.all("th")} == {"col", "row"}
    assert "prefers-color-scheme: dark" in text


def test_the_page_is_whole_in_itself() -> None:
    text = report_html(report())
    page = Page(text)
    assert not page.all("script") and not page.all("link") and not page.all("iframe")
    for tag, attributes in page.elements:
        for name in ("src", "srcset", "href", "xlink:href", "data", "action"):
            if name in attributes:
                assert attributes[name].startswith(("data:image/", "#")), (tag, name)
    assert not re.search(r"https?:", text.replace("http://www.w3.org/", ""))
    assert not re.search(r"@import|url\((?!#)", text)


def test_readers_who_want_less_motion_get_a_still() -> None:
    page = Page(report_html(report()))
    (source,) = page.all("source")
    assert source["media"] == "(prefers-reduced-motion: reduce)" and source["srcset"].startswith(
        "data:image/png;base64,"
    )


def test_the_policy_names_the_one_style_and_nothing_else() -> None:
    text = report_html(report())
    (policy,) = (m["content"] for m in Page(text).all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert "default-src 'none'" in policy and f"style-src 'sha256-{digest}'" in policy and "unsafe" not in policy
    assert all("style" not in attributes for _, attributes in Page(text).elements)


def test_hostile_words_stay_words() -> None:
    harmless, page = Page(report_html(report())), Page(report_html(report(HOSTILE)))
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in harmless.elements]
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    said = "".join(page.words)
    assert said.count("<script>alert(1)</script>") >= 10
    report_html(report(HOSTILE)).encode()  # no half of a surrogate pair is left
    assert "\x00" not in said


def test_parts_that_are_not_there_leave_no_empty_section() -> None:
    page = Page(report_html(ReportInput("title", "headline")))
    assert not page.all("h2") and not page.all("table") and not page.all("figure") and not page.all("details")


@pytest.mark.parametrize(
    "drawing",
    [
        "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "<svg xmlns='http://www.w3.org/2000/svg'><g style='fill:red'/></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg'><use href='https://example.org/a.svg#x'/></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg'><path fill='url(https://example.org/a)'/></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg'><foreignObject/></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg'><a xmlns='http://www.w3.org/1999/xhtml'/></svg>",
        "<!DOCTYPE x [<!ENTITY a 'b'>]><svg xmlns='http://www.w3.org/2000/svg'/>",
        "<svg xmlns='http://www.w3.org/2000/svg'/><p>",
        "<p>",
        "",
    ],
)
def test_a_chart_is_a_plain_drawing(drawing: str) -> None:
    with pytest.raises(UserError, match="chart 'c' is not a plain SVG drawing"):
        report_html(ReportInput("t", "h", charts=[Chart("c", drawing)]))


def test_wrong_parts_get_one_sentence() -> None:
    with pytest.raises(UserError, match="each row of the table 'c' must have 2 cells.*got 1"):
        report_html(ReportInput("t", "h", tables=[Table("c", ["", "a"], [["x"]])]))
    with pytest.raises(UserError, match="picture 'c' must be one of image/gif, image/png; got 'text/html'"):
        report_html(ReportInput("t", "h", pictures=[Picture("c", "a", "text/html", b"")]))
