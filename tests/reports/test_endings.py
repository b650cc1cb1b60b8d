"""How minimisations ended, in words: only what did not converge is told, and what to do about it."""

from latentda.assimilation import Result
from latentda.reports.endings import advice, converged_share, endings


def cycles(*results):
    return [{"used": 3} if result is None else {"used": 3, "result": result.name.lower()} for result in results]


def test_every_result_has_its_advice():
    assert [advice(fact) for fact in cycles(*Result)] == [result.advice for result in Result]


def test_the_share_that_converged():
    assert converged_share(cycles(Result.CONVERGED, Result.ITERATIONS_SPENT, *[Result.CONVERGED] * 2)) == "75 %"


def test_what_did_not_converge_is_told_with_advice():
    told = endings(
        {
            "3D-Var": cycles(Result.CONVERGED, Result.CONVERGED),
            "4D-Var": cycles(Result.CONVERGED, Result.ITERATIONS_SPENT, Result.NOT_FINITE, Result.ITERATIONS_SPENT),
            "free run": cycles(None),
        }
    )
    assert told == (
        f"4D-Var: 2 of 4 minimisations: {Result.ITERATIONS_SPENT.advice}; "
        f"1 of 4 minimisations: {Result.NOT_FINITE.advice}."
    )


def test_nothing_is_told_where_all_converged():
    assert endings({"3D-Var": cycles(Result.CONVERGED)}) == ""
