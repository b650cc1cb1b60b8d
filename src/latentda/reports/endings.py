"""How the minimisations of analyses ended, in words, for every report that shows analyses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from latentda.assimilation import Result

Facts = Mapping[str, Any]
"""Facts of a cycle; ``result`` is there where a minimisation was."""


def advice(facts: Facts) -> str:
    """How the minimisation of a cycle ended, and what to do about it."""
    return Result[str(facts["result"]).upper()].advice


def mean_fact(facts: Iterable[Facts], name: str) -> float | None:
    """The mean of a number over the cycles that tell it; None where none does."""
    found = [float(fact[name]) for fact in facts if name in fact]
    return sum(found) / len(found) if found else None


def converged_share(facts: Iterable[Facts]) -> str:
    """The share of minimisations that converged, as a percentage; empty where nothing was minimised."""
    results = [fact["result"] for fact in facts if "result" in fact]
    if not results:
        return ""
    return f"{100 * results.count(Result.CONVERGED.name.lower()) / len(results):.0f} %"


def endings(facts: Mapping[str, Iterable[Facts]]) -> str:
    """A paragraph a method whose minimisations did not all converge; empty where all did.

    Args:
        facts: of the cycles of each method, by its title.
    """
    return "\n\n".join(text for title, cycles in facts.items() if (text := _of_method(title, list(cycles))))


def _of_method(title: str, cycles: list[Facts]) -> str:
    minimised = [advice(fact) for fact in cycles if "result" in fact]
    counts = Counter(minimised)
    counts.pop(Result.CONVERGED.advice, None)
    told = "; ".join(f"{count} of {len(minimised)} minimisations: {words}" for words, count in counts.most_common())
    return f"{title}: {told}." if told else ""
