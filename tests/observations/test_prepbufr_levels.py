"""Levels by Arrow offsets against a walk through the same nested lists."""

import numpy as np
import pyarrow as pa
import pytest

from latentda.observations.prepbufr_levels import find_levels

_GROUP = pa.list_(
    pa.struct({"STACK": pa.list_(pa.struct({"POB": pa.float64(), "PPC": pa.float64()})), "POE": pa.float64()})
)


def _group(*stacks, error=1.0):
    return [{"STACK": [{"POB": p, "PPC": c} for p, c in stack], "POE": error} for stack in stacks]


LEVELS = [
    [{"CAT": 1.0, "GROUP": _group([(850.0, 1.0), (851.0, 8.0)])}, {"CAT": 2.0, "GROUP": []}],
    [],
    [
        {"CAT": None, "GROUP": None},
        {"CAT": 1.0, "GROUP": _group([])},
        {"CAT": 1.0, "GROUP": _group([(700.0, 8.0)], [(1.0, 1.0)], error=None)},
        {"CAT": 0.0, "GROUP": _group([(None, 1.0), (500.0, 2.0), (501.0, 8.0)], error=3.0)},
    ],
]


def _batch(levels):
    kind = pa.list_(pa.struct({"CAT": pa.float64(), "GROUP": _GROUP}))
    return pa.record_batch({"SID": [str(i) for i in range(len(levels))], "DRF8BIT": pa.array(levels, kind)})


def _entry(level, name, event):
    """The leaf of a level by the definition."""
    group = (level["GROUP"] or [None])[0]
    if group is None:
        return np.nan
    if name in group:
        value = group[name] if event == 0 else None
    else:
        value = group["STACK"][event][name] if event < len(group["STACK"]) else None
    return np.nan if value is None else value


@pytest.mark.parametrize("part", [slice(0, 3), slice(1, 3), slice(0, 2)])
def test_leaves_are_those_of_a_walk(part):
    levels = find_levels(_batch(LEVELS).slice(part.start, part.stop - part.start))
    walk = [level for report in LEVELS[part] for level in report]
    assert levels.report.tolist() == [i for i, report in enumerate(LEVELS[part]) for _ in report]
    for name in ("POB", "PPC", "POE"):
        for event in range(4):
            wanted = [_entry(level, name, event) for level in walk]
            np.testing.assert_array_equal(levels.leaf("pressure", name, event), wanted, err_msg=f"{name} {event}")
    wanted = [8.0 in [_entry(level, "PPC", event) for event in range(4)] for level in walk]
    assert levels.any_event("pressure", "PPC", 8.0).tolist() == wanted
    assert np.isnan(levels.leaf("wind", "UOB")).all()
    assert not levels.any_event("pressure", "PPC", 9.0).any()


def test_without_pressure_there_are_no_levels():
    assert find_levels(pa.record_batch({"SID": ["A"], "CAT": [1.0]})) is None
    assert find_levels(pa.record_batch({"SID": ["A"]})) is None


def test_all_lists_empty():
    levels = find_levels(_batch([[{"CAT": 1.0, "GROUP": []}]]))
    assert np.isnan(levels.leaf("pressure", "POB")).all()
    assert not levels.any_event("pressure", "PPC", 8.0).any()
