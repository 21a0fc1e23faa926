"""Projection of Gaussians to the picture plane and its gradient (EWA splatting, Zwicker et al. 2001).

Meaning as gsplat's classic mode: near plane 0.01 m, 0.3 px^2 added to the diagonal of the screen-space
covariance, and the ray slope in the projection's Jacobian clamped to 15 % beyond the picture's edges. One
difference: a splat reaches exactly as far as its alpha is at least 1/255 (gsplat cuts it near 3 sigma).
"""

from __future__ import annotations

import math

from numba import prange

from emoga_core.render.numba_kernels import kernel

BLUR = 0.3  # px^2, the low-pass filter on the screen-space covariance
MARGIN = 0.15  # the slope is clamped this share of the field of view beyond the edge
MIN_ALPHA = 1.0 / 255.0
NEAR = 0.01  # metres
FAR = 1e10
MAX_EXTENT = 1e9  # px; wider splats are not finite for practical purposes and are dropped


@kernel(inline="always")
def _axes(rz, u, v, fx, fy, view):
    """Rows of the projection's Jacobian times the view rotation: how the pixel moves with the world point."""
    jx = fx * rz
    jy = fy * rz
    return (
        jx * (view[0, 0] - u * view[2, 0]),
        jx * (view[0, 1] - u * view[2, 1]),
        jx * (view[0, 2] - u * view[2, 2]),
        jy * (view[1, 0] - v * view[2, 0]),
        jy * (view[1, 1] - v * view[2, 1]),
        jy * (view[1, 2] - v * view[2, 2]),
    )


@kernel(inline="always")
def _rotation(w, x, y, z, f):
    """Rotation matrix of a unit quaternion, row by row."""
    return (
        f(1) - f(2) * (y * y + z * z),
        f(2) * (x * y - w * z),
        f(2) * (x * z + w * y),
        f(2) * (x * y + w * z),
        f(1) - f(2) * (x * x + z * z),
        f(2) * (y * z - w * x),
        f(2) * (x * z - w * y),
        f(2) * (y * z + w * x),
        f(1) - f(2) * (x * x + y * y),
    )


@kernel(parallel=True)
def project_forward(
    means, quaternions, scales, opacities, view, intrinsics, width, height, means2d, conics, extents, depths
):
    """Fills means2d (N, 2), conics (N, 3), extents (N, 4) and depths (N,).

    conics hold the inverse covariance (xx, xy, yy) in px^-2. extents describe the ellipse where alpha is
    1/255: half width and half height in px, slope cov_xy / cov_yy, and half width of its cut at the centre's
    row. A Gaussian that cannot be seen has half width 0 and depth as it is (0 when behind the camera).
    """
    f = means.dtype.type
    fx = intrinsics[0, 0]
    fy = intrinsics[1, 1]
    cx = intrinsics[0, 2]
    cy = intrinsics[1, 2]
    wide = f(width)
    high = f(height)
    limit_x = f(MARGIN) * wide / fx
    limit_y = f(MARGIN) * high / fy
    for i in prange(means.shape[0]):
        for k in range(2):
            means2d[i, k] = f(0)
        for k in range(3):
            conics[i, k] = f(0)
        for k in range(4):
            extents[i, k] = f(0)
        depths[i] = f(0)
        m0 = means[i, 0]
        m1 = means[i, 1]
        m2 = means[i, 2]
        tz = view[2, 0] * m0 + view[2, 1] * m1 + view[2, 2] * m2 + view[2, 3]
        opacity = opacities[i]
        if not (tz >= f(NEAR) and tz <= f(FAR)):
            continue
        tx = view[0, 0] * m0 + view[0, 1] * m1 + view[0, 2] * m2 + view[0, 3]
        ty = view[1, 0] * m0 + view[1, 1] * m1 + view[1, 2] * m2 + view[1, 3]
        rz = f(1) / tz
        ux = fx * tx * rz + cx
        uy = fy * ty * rz + cy
        depths[i] = tz
        means2d[i, 0] = ux
        means2d[i, 1] = uy
        if not opacity >= f(MIN_ALPHA):
            continue
        u = min(max(tx * rz, -(cx / fx + limit_x)), (wide - cx) / fx + limit_x)
        v = min(max(ty * rz, -(cy / fy + limit_y)), (high - cy) / fy + limit_y)
        w = quaternions[i, 0]
        x = quaternions[i, 1]
        y = quaternions[i, 2]
        z = quaternions[i, 3]
        n = f(1) / math.sqrt(w * w + x * x + y * y + z * z)
        a0, a1, a2, b0, b1, b2 = _axes(rz, u, v, fx, fy, view)
        r00, r01, r02, r10, r11, r12, r20, r21, r22 = _rotation(w * n, x * n, y * n, z * n, f)
        s0 = scales[i, 0]
        s1 = scales[i, 1]
        s2 = scales[i, 2]
        p0 = (a0 * r00 + a1 * r10 + a2 * r20) * s0
        p1 = (a0 * r01 + a1 * r11 + a2 * r21) * s1
        p2 = (a0 * r02 + a1 * r12 + a2 * r22) * s2
        q0 = (b0 * r00 + b1 * r10 + b2 * r20) * s0
        q1 = (b0 * r01 + b1 * r11 + b2 * r21) * s1
        q2 = (b0 * r02 + b1 * r12 + b2 * r22) * s2
        pp = p0 * p0 + p1 * p1 + p2 * p2
        qq = q0 * q0 + q1 * q1 + q2 * q2
        cov_xx = pp + f(BLUR)
        cov_xy = p0 * q0 + p1 * q1 + p2 * q2
        cov_yy = qq + f(BLUR)
        # |p x q|^2 instead of pp qq - (p q)^2: nothing cancels, so thin wide splats stay exact in float32
        c0 = p1 * q2 - p2 * q1
        c1 = p2 * q0 - p0 * q2
        c2 = p0 * q1 - p1 * q0
        det = c0 * c0 + c1 * c1 + c2 * c2 + f(BLUR) * (pp + qq) + f(BLUR * BLUR)
        inverse = f(1) / det
        reach = f(2) * math.log(opacity * f(255))  # alpha >= 1/255 <=> (x - mean)^T conic (x - mean) <= reach
        rx = math.sqrt(reach * cov_xx)
        ry = math.sqrt(reach * cov_yy)
        on_screen = ux + rx > f(0) and ux - rx < wide and uy + ry > f(0) and uy - ry < high
        if not (on_screen and inverse > f(0) and rx < f(MAX_EXTENT) and ry < f(MAX_EXTENT)):
            continue
        conics[i, 0] = cov_yy * inverse
        conics[i, 1] = -cov_xy * inverse
        conics[i, 2] = cov_xx * inverse
        extents[i, 0] = rx
        extents[i, 1] = ry
        extents[i, 2] = cov_xy / cov_yy
        extents[i, 3] = math.sqrt(reach * det / cov_yy)


@kernel(parallel=True)
def project_backward(
    means, quaternions, scales, view, intrinsics, width, height, conics, extents, grad_means2d, grad_conics,
    grad_depths, grad_means, grad_quaternions, grad_scales,
):  # fmt: skip
    """Fills the gradients with respect to means, quaternions and scales from those of `project_forward`."""
    f = means.dtype.type
    fx = intrinsics[0, 0]
    fy = intrinsics[1, 1]
    cx = intrinsics[0, 2]
    cy = intrinsics[1, 2]
    wide = f(width)
    high = f(height)
    limit_x = f(MARGIN) * wide / fx
    limit_y = f(MARGIN) * high / fy
    for i in prange(means.shape[0]):
        if not extents[i, 0] > f(0):
            for k in range(3):
                grad_means[i, k] = f(0)
                grad_scales[i, k] = f(0)
            for k in range(4):
                grad_quaternions[i, k] = f(0)
            continue
        # conic -> covariance: -Q G Q, the off-diagonal counted once
        a = conics[i, 0]
        b = conics[i, 1]
        c = conics[i, 2]
        g0 = grad_conics[i, 0]
        g1 = f(0.5) * grad_conics[i, 1]
        g2 = grad_conics[i, 2]
        t00 = g0 * a + g1 * b
        t01 = g0 * b + g1 * c
        t10 = g1 * a + g2 * b
        t11 = g1 * b + g2 * c
        grad_xx = -(a * t00 + b * t10)
        grad_xy = -(a * t01 + b * t11) - (b * t00 + c * t10)
        grad_yy = -(b * t01 + c * t11)
        m0 = means[i, 0]
        m1 = means[i, 1]
        m2 = means[i, 2]
        tx = view[0, 0] * m0 + view[0, 1] * m1 + view[0, 2] * m2 + view[0, 3]
        ty = view[1, 0] * m0 + view[1, 1] * m1 + view[1, 2] * m2 + view[1, 3]
        tz = view[2, 0] * m0 + view[2, 1] * m1 + view[2, 2] * m2 + view[2, 3]
        rz = f(1) / tz
        slope_x = tx * rz
        slope_y = ty * rz
        u = min(max(slope_x, -(cx / fx + limit_x)), (wide - cx) / fx + limit_x)
        v = min(max(slope_y, -(cy / fy + limit_y)), (high - cy) / fy + limit_y)
        w = quaternions[i, 0]
        x = quaternions[i, 1]
        y = quaternions[i, 2]
        z = quaternions[i, 3]
        n = f(1) / math.sqrt(w * w + x * x + y * y + z * z)
        w *= n
        x *= n
        y *= n
        z *= n
        a0, a1, a2, b0, b1, b2 = _axes(rz, u, v, fx, fy, view)
        r00, r01, r02, r10, r11, r12, r20, r21, r22 = _rotation(w, x, y, z, f)
        s0 = scales[i, 0]
        s1 = scales[i, 1]
        s2 = scales[i, 2]
        p0 = a0 * r00 + a1 * r10 + a2 * r20
        p1 = a0 * r01 + a1 * r11 + a2 * r21
        p2 = a0 * r02 + a1 * r12 + a2 * r22
        q0 = b0 * r00 + b1 * r10 + b2 * r20
        q1 = b0 * r01 + b1 * r11 + b2 * r21
        q2 = b0 * r02 + b1 * r12 + b2 * r22
        # gradients of the two axes in the Gaussian's own frame, scaled by its standard deviations
        gp0 = (f(2) * grad_xx * p0 + grad_xy * q0) * s0
        gp1 = (f(2) * grad_xx * p1 + grad_xy * q1) * s1
        gp2 = (f(2) * grad_xx * p2 + grad_xy * q2) * s2
        gq0 = (f(2) * grad_yy * q0 + grad_xy * p0) * s0
        gq1 = (f(2) * grad_yy * q1 + grad_xy * p1) * s1
        gq2 = (f(2) * grad_yy * q2 + grad_xy * p2) * s2
        grad_scales[i, 0] = gp0 * p0 + gq0 * q0
        grad_scales[i, 1] = gp1 * p1 + gq1 * q1
        grad_scales[i, 2] = gp2 * p2 + gq2 * q2
        gp0 *= s0
        gp1 *= s1
        gp2 *= s2
        gq0 *= s0
        gq1 *= s1
        gq2 *= s2
        d00 = a0 * gp0 + b0 * gq0
        d01 = a0 * gp1 + b0 * gq1
        d02 = a0 * gp2 + b0 * gq2
        d10 = a1 * gp0 + b1 * gq0
        d11 = a1 * gp1 + b1 * gq1
        d12 = a1 * gp2 + b1 * gq2
        d20 = a2 * gp0 + b2 * gq0
        d21 = a2 * gp1 + b2 * gq1
        d22 = a2 * gp2 + b2 * gq2
        dw = f(2) * (x * (d21 - d12) + y * (d02 - d20) + z * (d10 - d01))
        dx = f(2) * (f(-2) * x * (d11 + d22) + y * (d01 + d10) + z * (d02 + d20) + w * (d21 - d12))
        dy = f(2) * (x * (d01 + d10) - f(2) * y * (d00 + d22) + z * (d12 + d21) + w * (d02 - d20))
        dz = f(2) * (x * (d02 + d20) + y * (d12 + d21) - f(2) * z * (d00 + d11) + w * (d10 - d01))
        along = dw * w + dx * x + dy * y + dz * z
        grad_quaternions[i, 0] = (dw - along * w) * n
        grad_quaternions[i, 1] = (dx - along * x) * n
        grad_quaternions[i, 2] = (dy - along * y) * n
        grad_quaternions[i, 3] = (dz - along * z) * n
        # Jacobian rows -> camera-space position
        da0 = gp0 * r00 + gp1 * r01 + gp2 * r02
        da1 = gp0 * r10 + gp1 * r11 + gp2 * r12
        da2 = gp0 * r20 + gp1 * r21 + gp2 * r22
        db0 = gq0 * r00 + gq1 * r01 + gq2 * r02
        db1 = gq0 * r10 + gq1 * r11 + gq2 * r12
        db2 = gq0 * r20 + gq1 * r21 + gq2 * r22
        djx = (da0 * a0 + da1 * a1 + da2 * a2) * tz  # d/d(rz) of each row, times fx fy taken out below
        djy = (db0 * b0 + db1 * b1 + db2 * b2) * tz
        du = f(0)
        dv = f(0)
        if u == slope_x:
            du = -fx * rz * (da0 * view[2, 0] + da1 * view[2, 1] + da2 * view[2, 2])
        if v == slope_y:
            dv = -fy * rz * (db0 * view[2, 0] + db1 * view[2, 1] + db2 * view[2, 2])
        px = fx * grad_means2d[i, 0] + du
        py = fy * grad_means2d[i, 1] + dv
        dtx = px * rz
        dty = py * rz
        dtz = -rz * rz * (djx + djy) - rz * (px * slope_x + py * slope_y) + grad_depths[i]
        grad_means[i, 0] = view[0, 0] * dtx + view[1, 0] * dty + view[2, 0] * dtz
        grad_means[i, 1] = view[0, 1] * dtx + view[1, 1] * dty + view[2, 1] * dtz
        grad_means[i, 2] = view[0, 2] * dtx + view[1, 2] * dty + view[2, 2] * dtz
