"""Every declared method has its line in the index of the documentation, and the index its pages."""

import re
from pathlib import Path

import pytest

from latentda.methods import METHODS

DOCS = Path(__file__).parents[2] / "docs"
INDEX = (DOCS / "methods.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", METHODS)
def test_a_method_has_a_page_that_names_it(name):
    (line,) = (line for line in INDEX.splitlines() if re.match(rf"\|[^|]*`{name}`", line))
    page = re.search(r"\]\((methods/\w+\.md)\)", line)[1]
    assert f"`{name}`" in (DOCS / page).read_text(encoding="utf-8")
