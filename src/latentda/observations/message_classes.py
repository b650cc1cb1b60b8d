"""NCEP's message types: the class of a prepBUFR report, by the data category of its BUFR header.

NCEP/EMC, table A of the prepBUFR tables. Files of the first reanalysis add 128 to the number.
"""

from __future__ import annotations

MESSAGE_CLASSES = {
    102: "ADPUPA",  # radiosondes, pilot balloons, dropsondes
    103: "AIRCAR",  # aircraft by ACARS
    104: "AIRCFT",  # aircraft
    105: "SATWND",  # satellite winds
    106: "PROFLR",  # wind profilers
    107: "VADWND",  # radar winds
    108: "SATEMP",  # satellite soundings
    109: "ADPSFC",  # land surface
    110: "SFCSHP",  # marine surface
    111: "SFCBOG",  # bogus surface pressure
    112: "SPSSMI",  # microwave imager
    113: "SYNDAT",  # synthetic cyclone data
    114: "ERS1DA",  # ERS scatterometer
    115: "GOESND",  # GOES soundings
    116: "QKSWND",  # QuikSCAT scatterometer
    117: "MSONET",  # mesonets
    118: "GPSIPW",  # GPS column water
    119: "RASSDA",  # radio-acoustic virtual temperatures
    120: "WDSATR",  # WindSat
    121: "ASCATW",  # ASCAT scatterometer
}

SOUNDINGS = ("ADPUPA",)
"""The classes whose reports are ascents."""

_OLD_OFFSET = 128


def message_class_of(category: int) -> str | None:
    """The class, for example ADPUPA, of a BUFR data category; None if it is none of prepBUFR's."""
    return MESSAGE_CLASSES.get(category - _OLD_OFFSET if category > _OLD_OFFSET else category)
