import numpy as np, time, sys

t0 = time.time()
from kernels import curved, plane
from kernels.curve import Curve
from kernels.curved_layouts import *
from kernels.parallel_layouts import *
from kernels.volume import Volume
from kernels.window import OUTSIDE
from tests.kernels.grids import *

print("import", time.time() - t0)
for dtype in DTYPES:
    for v in (
        random_volume(dtype, (19, 17, 21), SHEARED),
        random_volume(dtype, (19, 17, 21), LEFT_HANDED),
        Volume(random_volume(dtype, (9, 17, 21), SHEARED).array, SHEARED, [0, 1, 2, 2.125, 2.5, 4, 5, 9, 10.25], (6,)),
    ):
        rng = np.random.default_rng(3)
        pts = v.to_patient(rng.uniform(0.1, 0.9, (6, 3)) * v.last)
        C = Curve(pts)
        for make in (
            lambda sh: Straightened(C, sh, 33.0),
            lambda sh: Stretched(C, sh, (1, 0.2, 0.3)),
            lambda sh: Projected(C, sh, (1, 0.2, 0.1)),
        ):
            L = make(Sheet(3, 3, 1, 0)).extent_mm[1]
            lay = make(Sheet(43, int(L / 0.3) + 9, 0.3, L / 2))
            for proj in ("max", "min", "mean"):
                for T in (0, 3.1, 12):
                    t0 = time.time()
                    a = curved.reformat(v, lay.picture, proj, T)
                    t1 = time.time()
                    r = curved.reference(v, lay.picture, proj, T)
                    both = (a != OUTSIDE) & (r != OUTSIDE)
                    print(
                        dtype.__name__,
                        type(lay).__name__,
                        proj,
                        T,
                        a.shape,
                        ((a == OUTSIDE) != (r == OUTSIDE)).sum(),
                        np.abs(a - r)[both].max(),
                        (np.abs(a - r)[both] > 4).mean(),
                        round(t1 - t0, 4),
                    )
