"""The report: one page that shows a run to a person, whole in itself.

Styles, plots and pictures are inside the page; it asks no network for anything and runs no script, and its own security
policy forbids both. Every word that comes from outside is escaped. Dark screens get a dark page, and readers who asked
their system for less motion get a still picture in place of a moving one.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from xml.etree import ElementTree

from tickworld.errors import UserError
from tickworld.visual.report_style import STYLE
from tickworld.visual.video import still

MIMES = ("image/gif", "image/png")
SVG = "{http://www.w3.org/2000/svg}"
SHAPES = ("svg", "g", "path", "use", "text", "tspan", "defs", "clipPath", "rect")
"""What matplotlib draws with."""


class Table(NamedTuple):
    """``rows`` of cells, each as long as ``header``. A row's first cell names it; the first row is printed bold."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


class Picture(NamedTuple):
    """``content``: the file itself, of type ``mime``; ``alt`` says in words what it shows. A ``crisp`` one is made of
    pixels that stay squares; another, such as a plot, is smoothed when it is made smaller."""

    caption: str
    alt: str
    mime: str
    content: bytes
    crisp: bool = True


class Chart(NamedTuple):
    """``svg`` as ``curves.svg`` makes it."""

    caption: str
    svg: str


class Facts(NamedTuple):
    """Pairs of label and value."""

    pairs: Sequence[tuple[str, str]]


class Recipe(NamedTuple):
    """``command``: what to type; ``config``: the whole configuration, folded away."""

    command: str
    config: str


Part = Table | Picture | Chart | Facts | Recipe | str
"""What a page is made of; a text is a paragraph."""


class Section(NamedTuple):
    """Parts under a heading; without parts there is no section."""

    heading: str
    parts: Sequence[Part]


@dataclass(frozen=True)
class ReportInput:
    """What the page says. All plain text but pictures and charts.

    ``headline``: the one result, e.g. "Right for a median of 120 ticks"; ``lead``: a sentence or two that explain it.
    ``facts``: pairs of label and value: game, recipe, parameters, frames, minutes, machine. ``pictures``: the first one
    opens the page. ``config`` and ``command``: the whole configuration, and what to type to make this again.
    """

    title: str
    headline: str
    lead: str = ""
    facts: Sequence[tuple[str, str]] = ()
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    charts: Sequence[Chart] = ()
    config: str = ""
    command: str = ""


def report_html(report: ReportInput) -> str:
    """The page of a run as one string. Raises UserError as ``page_html``."""
    shown = (*report.pictures[1:], *report.charts)
    sections = [
        Section("What was learned, and on what", [Facts(report.facts)] if report.facts else []),
        Section("How long it stays right", report.tables),
        Section("What it looks like over time", shown),
        Section("Make it again", [Recipe(report.command, report.config)] if report.command or report.config else []),
    ]
    return page_html((report.title, report.headline, report.lead), sections, report.pictures[:1])


def page_html(words: tuple[str, str, str], sections: Sequence[Section], opening: Sequence[Part] = ()) -> str:
    """A page as one string: ``words`` are its title, its headline and a lead, which may be empty; ``opening`` comes
    before the first heading.

    Raises UserError for a table with uneven rows, a picture of another type, or a chart that is not a plain drawing.
    """
    title, headline, lead = words
    parts = [f"<header><h1>{_text(title)}</h1>", f'<p class="headline">{_text(headline)}</p>']
    if lead:
        parts.append(f'<p class="lead">{_text(lead)}</p>')
    parts.append("</header>")
    parts += map(_part, opening)
    parts += [_section(each.heading, *map(_part, each.parts)) for each in sections if each.parts]
    return _page(title, "\n".join(parts))


def _part(part: Part) -> str:
    match part:
        case Table():
            return _table(part)
        case Picture():
            return _picture(part)
        case Chart():
            return _chart(part)
        case Facts():
            return _facts(part.pairs)
        case Recipe():
            return _recipe(part)
        case str():
            return f"<p>{_text(part)}</p>"


def _text(text: str) -> str:
    """Escaped, and without the control characters that no page may hold."""
    return html.escape(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text))


def _page(title: str, body: str) -> str:
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{_text(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def _section(heading: str, *parts: str) -> str:
    return "\n".join([f"<section><h2>{_text(heading)}</h2>", *parts, "</section>"])


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    pairs = [f"<div><dt>{_text(label)}</dt><dd>{_text(value)}</dd></div>" for label, value in facts]
    return "\n".join(["<dl>", *pairs, "</dl>"])


def _table(table: Table) -> str:
    uneven = [row for row in table.rows if len(row) != len(table.header)]
    if uneven:
        raise UserError(
            f"each row of the table {table.caption!r} must have {len(table.header)} cells like its header; got "
            f"{len(uneven[0])}; fill the missing ones with empty texts"
        )
    head = "".join(f'<th scope="col">{_text(cell)}</th>' for cell in table.header)
    rows = []
    for name, *cells in table.rows:
        rest = "".join(f"<td>{_text(cell)}</td>" for cell in cells)
        rows.append(f'<tr><th scope="row">{_text(name)}</th>{rest}</tr>')
    caption = _text(table.caption)
    return "\n".join(
        [
            f'<div class="scroll" role="region" aria-label="{caption}" tabindex="0">',
            f"<table><caption>{caption}</caption>",
            f"<thead><tr>{head}</tr></thead>",
            "<tbody>",
            *rows,
            "</tbody></table></div>",
        ]
    )


def _data_uri(mime: str, content: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"


def _picture(picture: Picture) -> str:
    if picture.mime not in MIMES:
        raise UserError(
            f"the picture {picture.caption!r} must be one of {', '.join(MIMES)}; got {picture.mime!r}; make it with "
            "visual.video"
        )
    shown = f'<img src="{_data_uri(picture.mime, picture.content)}" alt="{_text(picture.alt)}">'
    if picture.mime == "image/gif":
        calm = _data_uri("image/png", still(picture.content))
        shown = f'<picture><source media="(prefers-reduced-motion: reduce)" srcset="{calm}">{shown}</picture>'
    kind = "" if picture.crisp else ' class="plot"'
    return f"<figure{kind}>{shown}<figcaption>{_text(picture.caption)}</figcaption></figure>"


def _chart(chart: Chart) -> str:
    if not _is_drawing(chart.svg):
        raise UserError(f"the chart {chart.caption!r} is not a plain SVG drawing; make it with visual.curves.svg")
    return f'<figure class="chart">{chart.svg}<figcaption>{_text(chart.caption)}</figcaption></figure>'


def _is_drawing(svg: str) -> bool:
    """Checked, for it cannot be escaped: shapes and text only, no script, handler, style, or link to the outside."""
    if "<!" in svg or "<?" in svg:
        return False
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError:
        return False
    for element in root.iter():
        if element.tag.removeprefix(SVG) not in SHAPES or not element.tag.startswith(SVG):
            return False
        for name, value in element.attrib.items():
            links = re.findall(r"url\(\s*(?!#)", value) or ("href" in name and not value.startswith("#"))
            if name.startswith("on") or name == "style" or links:
                return False
    return root.tag == f"{SVG}svg"


def _recipe(recipe: Recipe) -> str:
    parts = []
    if recipe.command:
        parts.append(f'<pre class="command" tabindex="0"><code>{_text(recipe.command)}</code></pre>')
    if recipe.config:
        config = f'<pre tabindex="0"><code>{_text(recipe.config)}</code></pre>'
        parts.append(f"<details><summary>The whole configuration</summary>{config}</details>")
    return "\n".join(parts)
