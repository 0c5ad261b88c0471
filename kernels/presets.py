"""Named transfer functions, by what a reader wants to see, in the order in which they are offered.

A line is a curve: value, colour, and the opacity of one millimetre. Values are HU; those of MR and of nuclear medicine,
whose units say nothing about tissue, are fractions of the volume's range. A function knows values only: contrast medium
and bone of the same HU look the same, and so do all borders between air and tissue.
Looked at on chest, abdomen and cardiac CT, CE and TOF angiography, T1, T2 and whole-body FDG.
"""

from __future__ import annotations

from typing import Any

from kernels.transfer import TransferFunction, from_opacities

_OPAQUE = 0.004  # `faint` of functions that end a ray within a few millimetres
_ORGANS = 15.0  # `flat_gradient` of organs, which differ little from what is about them

_MR: dict[str, Any] = {"modalities": ("MR",), "relative": True, "flat_gradient": 0.02}
_NUCLEAR: dict[str, Any] = {"modalities": ("PT", "NM"), "relative": True, "flat_gradient": 0.02}


def _curve(text: str, **values: Any) -> TransferFunction:
    points = (point.split() for point in text.split(","))
    return TransferFunction(from_opacities([(float(v), colour, float(o)) for v, colour, o in points]), **values)


_GROUPS: dict[str, dict[str, TransferFunction]] = {
    "vessels": {
        "ct_cta": _curve(
            "-1024 #000000 0, 130 #8c261a 0, 200 #bf4026 .06, 350 #e6734d .35, 600 #f2e6cc .6, 1200 #fffff2 .85,"
            "3071 #ffffff .9",
            faint=_OPAQUE,
        ),
        "ct_vessel": _curve(
            "-1024 #000000 0, 150 #7a0f08 0, 220 #b01c10 .15, 320 #e04428 .5, 450 #ffa878 .75, 650 #ffe8c8 .85,"
            "1200 #fffaf0 .9, 3071 #ffffff .95",
            faint=_OPAQUE,
        ),
        "ct_coronary": _curve(
            "-1024 #000000 0, 130 #5a1a10 0, 220 #a03a24 .03, 300 #d8784c .25, 420 #ffc890 .7, 600 #fff0d0 .88,"
            "1200 #fffcf0 .93, 3071 #ffffff .95",
            faint=_OPAQUE,
        ),
        "ct_heart": _curve(
            "-1024 #000000 0, 60 #7a2a20 0, 100 #9a3a2a .03, 160 #b04030 .07, 230 #cc4c34 .22, 350 #f07850 .5,"
            "600 #ffdcb8 .8, 3071 #ffffff .95"
        ),
        "ct_plaque": _curve(  # calcium and stents in a lumen that one looks through
            "-1024 #000000 0, 140 #8a1a10 0, 250 #d03a24 .015, 500 #e8603c .03, 650 #ffb070 .06, 800 #fff0c8 .5,"
            "1200 #ffffff .9, 3071 #ffffff .95"
        ),
    },
    "chest": {
        "ct_lung": _curve(
            "-1024 #000000 0, -850 #5fa0ea 0, -700 #84c0ff .02, -500 #ffd0b8 .08, -300 #fff0e0 .04, -180 #ffe0d0 0,"
            "3071 #000000 0"
        ),
        "ct_pulmonary": _curve(  # small vessels by their rim against the lung, filled ones by their contrast medium
            "-1024 #000000 0, -720 #8a2a20 0, -560 #e8644c .045, -420 #ff9478 .1, -300 #ffb49c .025, -220 #d86048 0,"
            "140 #d04830 0, 240 #e0583c .03, 420 #ffb088 .08, 900 #fff2dc .12, 3071 #ffffff .15"
        ),
        "ct_airway": _curve(  # the air in the tree, which is that around the patient too: for a box within the body
            "-1024 #d8f0ff .25, -985 #c8e8ff .25, -950 #a8d8f4 .05, -925 #a8d8f4 0, 3071 #000000 0"
        ),
    },
    "bones": {
        "ct_bone": _curve(
            "-1024 #000000 0, 150 #8f4a2c 0, 270 #c98f62 .12, 430 #f0d4aa .5, 800 #fff0d6 .8, 1300 #fffaf0 .93,"
            "3071 #ffffff .95",
            faint=_OPAQUE,
        ),
        "ct_bone_skin": _curve(
            "-1024 #000000 0, -600 #e8b49c 0, -350 #f0c0a4 .05, -200 #e8ac8c .01, -120 #000000 0, 170 #8f4a2c 0,"
            "300 #d0a078 .15, 480 #f4dcb8 .55, 1200 #fffaf0 .9, 3071 #ffffff .95"
        ),
        "ct_bone_dense": _curve(  # cortex only
            "-1024 #000000 0, 380 #b8845c 0, 600 #e8cca4 .3, 900 #fbecd4 .8, 1400 #fffaf0 .95, 3071 #ffffff .97",
            faint=_OPAQUE,
        ),
        "ct_bone_child": _curve(  # little mineral, and cartilage that will be bone
            "-1024 #000000 0, 110 #9a5a40 0, 170 #cc9878 .08, 270 #ecd0ac .4, 500 #fbecd4 .8, 1200 #fffaf0 .93,"
            "3071 #ffffff .95",
            faint=_OPAQUE,
        ),
        "ct_dental": _curve(
            "-1024 #000000 0, 250 #a86a44 0, 500 #dcb08a .06, 1000 #f6e2c4 .25, 1500 #fff4dc .7, 2200 #ffffff .95,"
            "3071 #cfe4f8 .98"
        ),
        "ct_metal": _curve(
            "-1024 #000000 0, 200 #a86a44 0, 400 #dcb08a .015, 900 #f6e2c4 .04, 1500 #fff4e0 .08, 2000 #9cc8f0 .5,"
            "2600 #d8ecff .95, 3071 #ffffff .98"
        ),
    },
    "body": {
        "ct_skin": _curve(
            "-1024 #000000 0, -500 #996650 0, -300 #d99980 .35, -150 #e6b38c .6, 60 #d99c80 .7, 3071 #f2dcc8 .9"
        ),
        "ct_muscle": _curve(
            "-1024 #000000 0, -10 #8a3024 0, 40 #c04a38 .2, 110 #d8684c .35, 240 #f4b890 .6, 600 #ffecd0 .85,"
            "3071 #ffffff .95"
        ),
        "ct_soft": _curve(
            "-1024 #000000 0, -70 #c08058 0, 0 #c05844 .025, 65 #d06048 .08, 140 #e07050 .15, 320 #f8a878 .4,"
            "700 #fff2d9 .65, 3071 #ffffff .9"
        ),
        "ct_abdomen": _curve(  # portal phase: liver and spleen above the muscles, kidneys above both
            "-1024 #000000 0, 75 #c86448 0, 105 #e88058 .1, 140 #f89c60 .22, 175 #ffb468 .35, 230 #ff7048 .5,"
            "330 #ffd8b0 .7, 900 #fffaf0 .9, 3071 #ffffff .95",
            flat_gradient=_ORGANS,
        ),
        "ct_kidney": _curve(
            "-1024 #000000 0, 115 #d06844 0, 150 #e87c4c .1, 210 #ffa060 .3, 300 #ffc488 .5, 450 #ffeac8 .7,"
            "900 #fffaf0 .9, 3071 #ffffff .95",
            flat_gradient=_ORGANS,
        ),
        "ct_urography": _curve(  # excreted contrast medium, denser than spongy bone
            "-1024 #000000 0, 110 #d06844 0, 170 #d88058 .012, 300 #e8c8a0 .02, 550 #f4dcb0 .06, 750 #ffd850 .5,"
            "1200 #ffec90 .9, 3071 #fffbe0 .95"
        ),
        "ct_gas": _curve(  # walls of gas: bowel, stomach, sinuses
            "-1024 #000000 0, -900 #c88468 0, -700 #f0b090 .03, -450 #ffd0b0 .07, -250 #f0b090 .015, -150 #000000 0,"
            "3071 #000000 0"
        ),
        "ct_translucent": _curve(
            "-1024 #000000 0, -500 #996650 0, -300 #d99980 .02, -150 #e6b38c .03, -50 #cc8066 .02, 60 #bf4d40 .05,"
            "150 #cc5940 .1, 350 #f29966 .3, 700 #fff2d9 .6, 3071 #ffffff .9"
        ),
    },
    "mr": {
        "mr_default": _curve(
            "0 #000000 0, .18 #59331f 0, .35 #a6664d .04, .6 #d9a688 .15, .85 #f2dcc8 .4, 1.1 #ffffff .7", **_MR
        ),
        "mr_angio": _curve("0 #000000 0, .55 #731a12 0, .8 #bf4026 .12, 1.1 #e6804d .5, 1.6 #ffe6cc .85", **_MR),
        "mr_angio_ce": _curve("0 #000000 0, .42 #8a1a10 0, .58 #d84028 .08, .85 #ff9060 .4, 1.2 #ffe8d0 .85", **_MR),
        "mr_brain": _curve(
            "0 #000000 0, .3 #c08878 0, .42 #e0a898 .1, .6 #f0c4b0 .3, .8 #fff0e0 .6, 1.1 #ffffff .8", **_MR
        ),
        "mr_fluid": _curve("0 #000000 0, .6 #2060a0 0, .75 #58a8e8 .1, .9 #a8dcff .4, 1.2 #ffffff .8", **_MR),
        "mr_skin": _curve(
            "0 #000000 0, .05 #a06a54 0, .1 #e0a488 .2, .2 #f0bc98 .6, .5 #f8d0b0 .8, 1 #fff0e0 .9", **_MR
        ),
        "mr_translucent": _curve(
            "0 #000000 0, .05 #a06a54 0, .12 #e0a488 .02, .3 #f0bc98 .01, .6 #ffd0b0 .03, .9 #fff0e0 .12,"
            "1.2 #ffffff .4",
            **_MR,
        ),
    },
    "nuclear": {
        "pt_body": _curve(  # what takes up little as a veil, what takes up much through it
            "0 #000000 0, .03 #606870 0, .08 #8090a0 .004, .2 #a0a8b0 .006, .4 #ffb060 .03, .8 #ff6030 .2,"
            "1.5 #ffe060 .6, 3 #ffffff .9",
            **_NUCLEAR,
        ),
        "pt_hot": _curve(
            "0 #000000 0, .5 #801000 0, .8 #e04010 .1, 1.3 #ff9020 .4, 2.2 #ffe060 .8, 4 #ffffff .95", **_NUCLEAR
        ),
        "pt_grey": _curve(
            "0 #000000 0, .02 #404040 0, .05 #a0a0a8 .01, .12 #c8c8d0 .008, .5 #e0e0e8 .02, 1 #ff8040 .15,"
            "2 #ffd040 .6, 4 #ffffff .9",
            **_NUCLEAR,
        ),
    },
}

PRESETS: dict[str, TransferFunction] = {name: curve for group in _GROUPS.values() for name, curve in group.items()}
GROUP_OF: dict[str, str] = {name: group for group, presets in _GROUPS.items() for name in presets}
