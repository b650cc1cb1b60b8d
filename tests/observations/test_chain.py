import re
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

import latentda
from latentda.observations import ObservationError, column, empty_table, table_from_columns, used
from latentda.observations.chain import QualityControl, read_quality_control
from latentda.observations.chain_links import (
    BelowGround,
    Duplicates,
    ErrorSize,
    HumidityAloft,
    Hydrostatic,
    LapseRate,
    Position,
    QualityMarks,
    Range,
    Superobbing,
    Thinning,
    Window,
    WindShear,
)
from latentda.observations.verdicts import VERDICTS, explain, verdict_counts
from tests.observations.test_soundings_checks import disturbed

NOON = np.datetime64("1989-01-01T12:00", "ns")
CHECKS = (
    QualityMarks(),
    Range(),
    ErrorSize(),
    BelowGround(),
    HumidityAloft(),
    Position(),
    Window(),
    Duplicates(),
    Hydrostatic(),
    LapseRate(),
    WindShear(),
)


def troubled():
    """Soundings with errors of every kind, some data twice, some marked, some out of range or time."""
    columns = disturbed()
    twice = {name: np.concatenate([values, values[:60]]) for name, values in columns.items()}
    rows = len(twice["pres"])
    draw = np.random.default_rng(1)
    twice["quality"] = np.where(draw.random(rows) < 0.1, 9, 2)
    twice["time"] = twice["time"] + np.where(draw.random(rows) < 0.05, 4, 0).astype("timedelta64[h]")
    twice["elev"] = np.full(rows, 900.0)
    return table_from_columns(twice)


def test_the_order_of_checks_does_not_change_which_rows_are_used():
    table = troubled()
    expected = used(QualityControl(CHECKS).apply(table, NOON))
    assert 0 < (~expected).sum() < table.num_rows
    draw = np.random.default_rng(2)
    for _ in range(8):
        order = draw.permutation(len(CHECKS))
        shuffled = QualityControl(tuple(CHECKS[i] for i in order)).apply(table, NOON)
        assert (used(shuffled) == expected).all()
    for some in permutations((Hydrostatic(), LapseRate(), WindShear())):
        assert (
            used(QualityControl(some).apply(table)).tolist() == used(QualityControl(some[::-1]).apply(table)).tolist()
        )


def test_a_chain_only_takes_rows_out():
    table = troubled()
    earlier = used(table)
    for count in range(len(CHECKS) + 1):
        now = used(QualityControl(CHECKS[:count]).apply(table, NOON))
        assert not (now & ~earlier).any()
        earlier = now
    chained = QualityControl(CHECKS).apply(table, NOON)
    assert chained.drop_columns(["used", "verdict"]).equals(table.drop_columns(["used", "verdict"]))
    assert ((column(chained, "verdict") == "") == used(chained)).all()
    before = table_from_columns(disturbed() | {"used": np.zeros(len(disturbed()["pres"]), bool)})
    assert QualityControl(CHECKS).apply(before, NOON).equals(before)


def test_the_first_named_check_names_the_row():
    table = troubled()
    marks, aloft = QualityMarks(worst=1), HumidityAloft(top=1e6)
    verdicts = [set(column(QualityControl(pair).apply(table), "verdict")) for pair in ((marks, aloft), (aloft, marks))]
    assert verdicts == [{"quality_mark"}, {"quality_mark", "humidity_aloft"}]


def test_an_empty_table_passes_everything():
    everything = (*CHECKS, Thinning(1.0, 0.1), Superobbing(1.0, 0.1))
    assert QualityControl(everything).apply(empty_table(), NOON).equals(empty_table())


def test_fewer_data_come_last():
    table = troubled()
    chain = QualityControl((Thinning(1.0, 0.1), *CHECKS))
    checked = QualityControl(CHECKS).apply(table, NOON)
    assert chain.apply(table, NOON).equals(Thinning(1.0, 0.1)(checked, NOON))


def test_a_window_needs_a_time():
    with pytest.raises(ObservationError, match="analysis time"):
        QualityControl((Window(),)).apply(troubled())


def test_a_chain_from_yaml(tmp_path):
    (tmp_path / "stations.yaml").write_text("- {station: 'A'}\n")
    (tmp_path / "chain.yaml").write_text(
        "checks:\n"
        "  - {check: range}\n"
        "  - {check: hydrostatic, factor: 5}\n"
        "  - {check: blacklist, file: stations.yaml, entries: [{station: 'B', variables: [z]}]}\n"
        "  - {check: thinning, degrees: 2, log_pressure: 0.2, classes: [ADPUPA]}\n"
    )
    chain = read_quality_control(tmp_path / "chain.yaml")
    limits, hydrostatic, blacklist, thinning = chain.checks
    assert (limits, hydrostatic) == (Range(), Hydrostatic(5.0))
    assert [entry.station for entry in blacklist.entries] == ["B", "A"]
    assert thinning == Thinning(2.0, 0.2, classes=("ADPUPA",))
    (tmp_path / "empty.yaml").write_text("")
    assert read_quality_control(tmp_path / "empty.yaml") == QualityControl()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("checks: [{check: sorcery}]", "checks.0"),
        ("checks: [{check: range, low: 3}]", "checks.0.range.low"),
        ("checks: [{check: thinning}]", "degrees"),
        ("checks: [{check: blacklist, file: absent.yaml}]", "absent.yaml"),
        ("check: []", "check"),
        ("3", "no quality control"),
        ("checks: [", "cannot be read"),
    ],
)
def test_bad_chains_give_one_sentence(tmp_path, text, words):
    (tmp_path / "chain.yaml").write_text(text)
    with pytest.raises(ObservationError, match=words) as raised:
        read_quality_control(tmp_path / "chain.yaml")
    assert "\n" not in str(raised.value)


def test_every_verdict_of_the_package_is_explained():
    sources = "\n".join(path.read_text() for path in Path(latentda.__file__).parent.rglob("*.py"))
    given = set(re.findall(r'refuse\(.*, "(\w+)"\)', sources))
    assert {"range", "hydrostatic", "first_guess", "superobbed", "virtual_temperature"} <= given
    assert given <= set(VERDICTS)
    for verdict in VERDICTS:
        assert explain(verdict).endswith(".")
    assert "sorcery" in explain("sorcery")


def test_counts_add_up():
    table = QualityControl(CHECKS).apply(troubled(), NOON)
    counts = verdict_counts(table)
    assert counts.column_names == ["class", "variable", "verdict", "count"]
    assert sum(counts["count"].to_pylist()) == table.num_rows
    unrefused = [row["count"] for row in counts.to_pylist() if row["verdict"] == ""]
    assert sum(unrefused) == used(table).sum()
    assert verdict_counts(empty_table()).num_rows == 0
