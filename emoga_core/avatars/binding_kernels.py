"""Compiled kernels of `binding`, forward and backward, float32 or float64. One thread: same bytes every time.

A change of a triangle's frame is a small rotation (torque), so that the gradients with respect to the
rotation matrix and to the quaternion fold into one vector of three numbers before they reach the vertices.
"""

from __future__ import annotations

import math

from numba import njit

_OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": {"contract", "nsz", "arcp"}}
SMALLEST_SQUARE = 1e-20
"""Squared lengths below this count as this, in square metres."""


@njit(**_OPTIONS)
def frames_forward(vertices, triangles, centers, rotations, quaternions, scales):
    """vertices (V, 3), triangles (F, 3) -> centers (F, 3), rotations (F, 3, 3), quaternions, scales."""
    one = vertices.dtype.type(1)
    half = vertices.dtype.type(0.5)
    third = vertices.dtype.type(1 / 3)
    least = vertices.dtype.type(SMALLEST_SQUARE)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0 = vertices[b, 0] - vertices[a, 0]
        x1 = vertices[b, 1] - vertices[a, 1]
        x2 = vertices[b, 2] - vertices[a, 2]
        y0 = vertices[c, 0] - vertices[a, 0]
        y1 = vertices[c, 1] - vertices[a, 1]
        y2 = vertices[c, 2] - vertices[a, 2]
        base = math.sqrt(max(x0 * x0 + x1 * x1 + x2 * x2, least))
        u0, u1, u2 = x0 / base, x1 / base, x2 / base
        n0, n1, n2 = u1 * y2 - u2 * y1, u2 * y0 - u0 * y2, u0 * y1 - u1 * y0
        length = math.sqrt(max(n0 * n0 + n1 * n1 + n2 * n2, least))
        n0, n1, n2 = n0 / length, n1 / length, n2 / length
        w0, w1, w2 = u1 * n2 - u2 * n1, u2 * n0 - u0 * n2, u0 * n1 - u1 * n0
        rotations[t, 0, 0], rotations[t, 1, 0], rotations[t, 2, 0] = u0, u1, u2
        rotations[t, 0, 1], rotations[t, 1, 1], rotations[t, 2, 1] = n0, n1, n2
        rotations[t, 0, 2], rotations[t, 1, 2], rotations[t, 2, 2] = w0, w1, w2
        scales[t] = half * (base + abs(w0 * y0 + w1 * y1 + w2 * y2))
        for k in range(3):
            centers[t, k] = (vertices[a, k] + vertices[b, k] + vertices[c, k]) * third
        _quaternion(rotations[t], quaternions[t], one)


@njit(**_OPTIONS)
def _quaternion(r, q, one):
    """Unit quaternion wxyz of a rotation matrix, by its largest component (Shepperd 1978)."""
    quarter = one / (one + one + one + one)
    trace = r[0, 0] + r[1, 1] + r[2, 2]
    if trace > 0:
        s = math.sqrt(trace + one) * (one + one)
        q[0] = quarter * s
        q[1] = (r[2, 1] - r[1, 2]) / s
        q[2] = (r[0, 2] - r[2, 0]) / s
        q[3] = (r[1, 0] - r[0, 1]) / s
        return
    i = 0
    if r[1, 1] > r[0, 0]:
        i = 1
    if r[2, 2] > r[i, i]:
        i = 2
    j = (i + 1) % 3
    k = (i + 2) % 3
    s = math.sqrt(max(one + r[i, i] - r[j, j] - r[k, k], quarter)) * (one + one)
    q[0] = (r[k, j] - r[j, k]) / s
    q[1 + i] = quarter * s
    q[1 + j] = (r[j, i] + r[i, j]) / s
    q[1 + k] = (r[k, i] + r[i, k]) / s


@njit(**_OPTIONS)
def frames_backward(vertices, triangles, rotations, quaternions,
                    g_centers, g_rotations, g_quaternions, g_scales, out):  # fmt: skip
    """Adds to out (V, 3) the gradient with respect to the vertices. Degenerate triangles only move."""
    half = vertices.dtype.type(0.5)
    third = vertices.dtype.type(1 / 3)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        r = rotations[t]
        gr = g_rotations[t]
        q = quaternions[t]
        gq = g_quaternions[t]
        # Torque: sum over the axes of axis x gradient, and <gradient, 1/2 (0, e_k) q>.
        m0 = half * (-q[1] * gq[0] + q[0] * gq[1] - q[3] * gq[2] + q[2] * gq[3])
        m1 = half * (-q[2] * gq[0] + q[3] * gq[1] + q[0] * gq[2] - q[1] * gq[3])
        m2 = half * (-q[3] * gq[0] - q[2] * gq[1] + q[1] * gq[2] + q[0] * gq[3])
        for i in range(3):
            m0 += r[1, i] * gr[2, i] - r[2, i] * gr[1, i]
            m1 += r[2, i] * gr[0, i] - r[0, i] * gr[2, i]
            m2 += r[0, i] * gr[1, i] - r[1, i] * gr[0, i]
        # In the triangle's own axes: base length, foot and height of the third corner.
        t0 = m0 * r[0, 0] + m1 * r[1, 0] + m2 * r[2, 0]
        t1 = m0 * r[0, 1] + m1 * r[1, 1] + m2 * r[2, 1]
        t2 = m0 * r[0, 2] + m1 * r[1, 2] + m2 * r[2, 2]
        base = foot = height = half * 0
        for k in range(3):
            base += (vertices[b, k] - vertices[a, k]) * r[k, 0]
            foot += (vertices[c, k] - vertices[a, k]) * r[k, 0]
            height -= (vertices[c, k] - vertices[a, k]) * r[k, 2]
        proper = base * base > SMALLEST_SQUARE and height * height > SMALLEST_SQUARE
        gs = half * g_scales[t]
        for k in range(3):
            gc = g_centers[t, k] * third
            g1 = g2 = gc * 0
            if proper:
                lean = foot / base
                g1 = (t2 * r[k, 1] - t1 * r[k, 2]) / base - t0 * lean * r[k, 1] / height
                g1 += gs * (r[k, 0] + lean * r[k, 2])
                g2 = t0 * r[k, 1] / height - gs * r[k, 2]
            out[b, k] += g1 + gc
            out[c, k] += g2 + gc
            out[a, k] += gc - g1 - g2


@njit(**_OPTIONS)
def bind_forward(means, quaternions, log_scales, parent, centers, rotations, face_quaternions, face_scales,
                 out_means, out_quaternions, out_scales):  # fmt: skip
    """Local Gaussians (N) in the frames of their triangles -> world means, unit quaternions, scales."""
    for g in range(parent.shape[0]):
        t = parent[g]
        s = face_scales[t]
        x, y, z = means[g, 0] * s, means[g, 1] * s, means[g, 2] * s
        for k in range(3):
            r = rotations[t, k]
            out_means[g, k] = r[0] * x + r[1] * y + r[2] * z + centers[t, k]
            out_scales[g, k] = s * math.exp(log_scales[g, k])
        q0, q1, q2, q3 = quaternions[g, 0], quaternions[g, 1], quaternions[g, 2], quaternions[g, 3]
        n = math.sqrt(q0 * q0 + q1 * q1 + q2 * q2 + q3 * q3)
        q0, q1, q2, q3 = q0 / n, q1 / n, q2 / n, q3 / n
        f0, f1, f2, f3 = (
            face_quaternions[t, 0],
            face_quaternions[t, 1],
            face_quaternions[t, 2],
            face_quaternions[t, 3],
        )
        out_quaternions[g, 0] = f0 * q0 - f1 * q1 - f2 * q2 - f3 * q3
        out_quaternions[g, 1] = f0 * q1 + f1 * q0 + f2 * q3 - f3 * q2
        out_quaternions[g, 2] = f0 * q2 - f1 * q3 + f2 * q0 + f3 * q1
        out_quaternions[g, 3] = f0 * q3 + f1 * q2 - f2 * q1 + f3 * q0


@njit(**_OPTIONS)
def bind_backward(with_frames, means, quaternions, parent, rotations, face_quaternions, face_scales,
                  out_scales, g_means, g_quaternions, g_scales, d_means, d_quaternions, d_log_scales,
                  d_centers, d_rotations, d_face_quaternions, d_face_scales):  # fmt: skip
    """Adds gradients to d_means, d_quaternions, d_log_scales (N) and, if asked, to the frames' (F)."""
    for g in range(parent.shape[0]):
        t = parent[g]
        s = face_scales[t]
        q0, q1, q2, q3 = quaternions[g, 0], quaternions[g, 1], quaternions[g, 2], quaternions[g, 3]
        n = math.sqrt(q0 * q0 + q1 * q1 + q2 * q2 + q3 * q3)
        q0, q1, q2, q3 = q0 / n, q1 / n, q2 / n, q3 / n
        f0, f1, f2, f3 = (
            face_quaternions[t, 0],
            face_quaternions[t, 1],
            face_quaternions[t, 2],
            face_quaternions[t, 3],
        )
        w, x, y, z = g_quaternions[g, 0], g_quaternions[g, 1], g_quaternions[g, 2], g_quaternions[g, 3]
        # conjugate(face) * gradient, projected off the radial direction
        p0 = f0 * w + f1 * x + f2 * y + f3 * z
        p1 = f0 * x - f1 * w - f2 * z + f3 * y
        p2 = f0 * y + f1 * z - f2 * w - f3 * x
        p3 = f0 * z - f1 * y + f2 * x - f3 * w
        along = p0 * q0 + p1 * q1 + p2 * q2 + p3 * q3
        d_quaternions[g, 0] += (p0 - along * q0) / n
        d_quaternions[g, 1] += (p1 - along * q1) / n
        d_quaternions[g, 2] += (p2 - along * q2) / n
        d_quaternions[g, 3] += (p3 - along * q3) / n
        for k in range(3):
            pull = (
                rotations[t, 0, k] * g_means[g, 0]
                + rotations[t, 1, k] * g_means[g, 1]
                + rotations[t, 2, k] * g_means[g, 2]
            )
            d_means[g, k] += s * pull
            d_log_scales[g, k] += g_scales[g, k] * out_scales[g, k]
            if with_frames:
                d_face_scales[t] += means[g, k] * pull + g_scales[g, k] * out_scales[g, k] / s
                d_centers[t, k] += g_means[g, k]
                for i in range(3):
                    d_rotations[t, k, i] += g_means[g, k] * s * means[g, i]
        if with_frames:
            # gradient * conjugate(local)
            d_face_quaternions[t, 0] += w * q0 + x * q1 + y * q2 + z * q3
            d_face_quaternions[t, 1] += -w * q1 + x * q0 - y * q3 + z * q2
            d_face_quaternions[t, 2] += -w * q2 + x * q3 + y * q0 - z * q1
            d_face_quaternions[t, 3] += -w * q3 - x * q2 + y * q1 + z * q0
