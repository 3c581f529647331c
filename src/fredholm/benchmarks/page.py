"""HTML that cannot be broken by what is put into it."""

import base64
import html
from collections.abc import Iterable, Sequence
from importlib import resources

_VOID = frozenset({"img", "input", "meta"})


class Html(str):
    """Markup that is safe as it is; any other string is escaped where it is put into markup."""

    __slots__ = ()


def element(name: str, /, *children: str, **attributes: str) -> Html:
    """One element; a trailing underscore of an attribute's name is dropped (`class_`)."""
    stated = "".join(
        f' {key.rstrip("_")}="{html.escape(value)}"' for key, value in attributes.items()
    )
    if name in _VOID:
        return Html(f"<{name}{stated}>")
    return Html(f"<{name}{stated}>{joined(children)}</{name}>")


def joined(parts: Iterable[str]) -> Html:
    """Markup and text one after the other, the text escaped."""
    return Html("".join(part if isinstance(part, Html) else html.escape(part) for part in parts))


def section(title: str, *children: str) -> Html:
    """A part of the page under its own heading."""
    return element("section", element("h2", title), *children)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, strong: int | None = None) -> Html:
    """Rows under a heading; the first column names the row, the others hold numbers.

    Args:
        strong: Number of a row that is emphasised.
    """
    top = element("tr", *(element("th", cell, scope="col") for cell in head))
    body = []
    for number, (name, *cells) in enumerate(rows):
        line = [element("th", name, scope="row"), *(element("td", cell) for cell in cells)]
        style = {"class_": "strong"} if number == strong else {}
        body.append(element("tr", *line, **style))
    inside = element("table", element("thead", top), element("tbody", *body))
    return element("div", inside, class_="scroll")


def facts(rows: Iterable[tuple[str, str]]) -> Html:
    """Names and what they stand for; rows without content are left out."""
    pairs = (
        element("div", element("dt", name), element("dd", text)) for name, text in rows if text
    )
    return element("dl", *pairs)


def picture(content: bytes, kind: str, alt: str) -> Html:
    """An image that is part of the page.

    Args:
        content: The image file.
        kind: Its media type, such as `image/png`.
        alt: What it shows, for those who cannot see it.
    """
    return element("img", src=address(content, kind), alt=alt)


def address(content: bytes, kind: str) -> str:
    """A file of this media type as an address that holds it."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def figure(image: Html, caption: str) -> Html:
    """An image with its caption."""
    return element("figure", image, element("figcaption", caption))


def page(title: str, *children: str, script: str = "") -> str:
    """A whole document: it refers to nothing outside itself.

    Args:
        title: Of the window.
        children: The content.
        script: What the page runs when it has been read; without it the page runs nothing.
    """
    style = resources.files("fredholm.benchmarks").joinpath("report.css").read_text("utf-8")
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Html(style)),
    )
    scripts = [element("script", Html(script))] if script else []
    body = element("body", element("main", *children), *scripts)
    document = element("html", head, body, lang="en")
    return f"<!doctype html>\n{document}\n"
