import numpy as np, time, sys
from kernels import curved, plane
from kernels.curve import Curve
from kernels.curved_layouts import *
from kernels.parallel_layouts import *
from kernels.volume import Volume
from kernels.picture import Picture
from clinical.phantoms.body import body
from tests.kernels.grids import centred

t0 = time.time()
array, (dx, dy, dz) = body(500, 512)
v = Volume(array, np.diag([dx, dy, dz, 1.0]))
print("body", time.time() - t0)
th = np.linspace(0, 6 * np.pi, 37)
c = v.centre_mm
C = Curve(
    np.stack([c[0] + 60 * np.cos(th) * np.sin(th / 6), c[1] + 40 * np.sin(th), c[2] - 150 + 300 * th / th[-1]], -1)
)
print(C.length_mm)


def med(f, n=9):
    f()
    r = []
    for _ in range(n):
        t = time.perf_counter()
        f()
        r.append((time.perf_counter() - t) * 1e3)
    return round(np.median(r), 2), round(min(r), 2)


px = C.length_mm / 500
st = Straightened(C, Sheet(1024, 512, px / 2, C.length_mm / 2))
w, h = (1024, 512)
lays = {"straight": Straightened(C, Sheet(w, h, C.length_mm / 512, C.length_mm / 2), 30.0)}
S = Stretched(C, Sheet(3, 3, 1, 0), (1, 0.3, 0.1))
lays["stretched"] = Stretched(C, Sheet(w, h, S.extent_mm[1] / 512, S.extent_mm[1] / 2), (1, 0.3, 0.1))
lays["straight .35mm"] = Straightened(C, Sheet(w, h, 0.35, C.length_mm / 2), 30.0)
pl = centred(v, 1024, 512, 0.6, (35, 20, 10))
out = np.empty((h, w), np.float32)
for n, l in lays.items():
    p = l.picture
    print(
        n,
        p.shown.mean(),
        "lines",
        med(lambda: curved.line_samples(v, p, "max", 20.0)),
        "plane",
        med(lambda: curved.reformat(v, p, out=out)),
        "20max",
        med(lambda: curved.reformat(v, p, "max", 20.0, out)),
        "20mean",
        med(lambda: curved.reformat(v, p, "mean", 20.0, out)),
    )
print(
    "MPR oblique",
    med(lambda: plane.plane(v, pl, out)),
    "20 max",
    med(lambda: plane.slab(v, pl, "max", 20.0, out)),
    "mean",
    med(lambda: plane.slab(v, pl, "mean", 20.0, out)),
)
print(
    "curve",
    med(
        lambda: (
            Curve(C.points).picture if 0 else Straightened(Curve(C.points), Sheet(w, h, 0.35, C.length_mm / 2)).picture
        )
    ),
    "turn",
    med(lambda: Straightened(C, Sheet(w, h, 0.35, C.length_mm / 2), 33.0).picture),
    "stretch",
    med(lambda: Stretched(C, Sheet(w, h, 0.35, C.length_mm / 2), (1, 0.3, 0.1)).picture),
)
