"""Value representations (PS3.5 6.2, 7.1.2): how their values lie in bytes."""

from __future__ import annotations

# Whose explicit form has a length of four bytes.
LONG_VRS = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
# Whose bytes mean what SpecificCharacterSet says.
TEXT_VRS = {"LO", "LT", "PN", "SH", "ST", "UC", "UT"}
# Bytes of one number by VR, for the byte order.
WIDTHS = {
    **dict.fromkeys(("US", "SS", "OW", "AT"), 2),
    **dict.fromkeys(("UL", "SL", "FL", "OF", "OL"), 4),
    **dict.fromkeys(("FD", "OD", "SV", "UV", "OV"), 8),
}
