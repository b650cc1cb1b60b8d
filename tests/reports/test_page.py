"""The report: one file, nothing from outside, no markup from texts."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from matplotlib.figure import Figure

from latentda.reports.page import Report

VOID = {"meta", "img", "br", "link", "hr", "input"}
EVIL = '<script>alert("x")</script>'


class Balance(HTMLParser):
    """Follows the tags, and keeps those that opened and every attribute."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.attributes = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def small_figure():
    figure = Figure(figsize=(1.0, 0.5))
    figure.add_subplot().plot([0, 1])
    return figure


@pytest.fixture
def report():
    return (
        Report(f"Twin {EVIL}", f"sub {EVIL}")
        .section(f"First {EVIL}", f"One & two {EVIL}.\n\nThree.")
        .figure(small_figure(), f'A "curve" {EVIL}', alt=f'rises" onload="{EVIL}')
        .section("Second")
        .table([f"method {EVIL}", "RMSE"], [[EVIL, 1.25], ["b", -0.5]], f"Scores {EVIL}")
    )


def parsed(page):
    parser = Balance()
    parser.feed(page)
    parser.close()
    return parser


def test_the_page_is_balanced_and_complete(report):
    parser = parsed(report.html())
    assert parser.open == []
    for tag in ("main", "nav", "figure", "figcaption", "caption", "thead", "tbody"):
        assert parser.tags.count(tag) == 1, tag
    assert "%%" not in re.sub(r"base64,[^\"]*", "", report.html())


def test_no_text_becomes_markup(report):
    parser = parsed(report.html())
    assert "script" not in parser.tags
    assert not [name for _, name, _ in parser.attributes if name.startswith("on")]


def test_nothing_comes_from_outside(report):
    page = report.html()
    assert not re.search(r"https?://|@import|url\(", page)
    sources = [value for _, name, value in parsed(page).attributes if name in ("src", "href")]
    assert all(value.startswith(("data:image/png;base64,", "#")) for value in sources)
    assert "default-src 'none'" in page


def test_contents_lead_to_the_sections(report):
    attributes = parsed(report.html()).attributes
    anchors = {value for _, name, value in attributes if name == "id"}
    targets = [value[1:] for tag, name, value in attributes if (tag, name) == ("a", "href")]
    assert len(targets) == 2
    assert set(targets) == anchors


def test_every_image_has_words(report):
    attributes = parsed(report.html()).attributes
    assert [value for tag, name, value in attributes if (tag, name) == ("img", "alt")]
    plain = Report("t").figure(small_figure(), "only a caption").html()
    assert 'alt="only a caption"' in plain


def test_numbers_are_right_aligned_with_equal_decimals():
    rows = [["a", 1.5, 12345, None], ["b", 0.25, -3, float("nan")]]
    page = Report("t").table(["m", "x", "n", "y"], rows, "c").html()
    cells = re.findall(r"<td([^>]*)>([^<]*)</td>", page)
    thousands, dash, minus = "\N{NARROW NO-BREAK SPACE}", "\N{EN DASH}", "\N{MINUS SIGN}"
    assert [text for _, text in cells] == [
        *("a", "1.500", f"12{thousands}345", dash),
        *("b", "0.250", f"{minus}3", dash),
    ]
    assert ["number" in attributes for attributes, _ in cells[:3]] == [False, True, True]


def test_the_best_of_a_column_is_marked():
    rows = [["a", 2.0, 5], ["b", 1.0, 7], ["c", 1.0, 6]]
    page = Report("t").table(["m", "x", "n"], rows, "c", highlight_best={"x": "min", "n": "max"})
    assert re.findall(r'class="number best">([^<]*)<', page.html()) == ["1.00", "7", "1.00"]


def test_tables_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="2 cells"):
        Report("t").table(["a", "b"], [[1]], "c")
    with pytest.raises(ValueError, match="No column z"):
        Report("t").table(["a"], [[1]], "c", highlight_best={"z": "min"})


def test_the_file_is_written_whole(report, tmp_path):
    path = report.write(tmp_path / "report.html")
    assert path.read_text(encoding="utf-8") == report.html()
    assert list(tmp_path.iterdir()) == [path]


def test_a_title_that_looks_like_a_mark_stays_a_title():
    assert "<h1>%%BODY%%</h1>" in Report("%%BODY%%").html()
