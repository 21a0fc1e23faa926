import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from emoga_core.errors import EmogaError
from emoga_core.render import Cameras, rasterize_mesh, vertex_normals


def brute_force(vertices: np.ndarray, triangles: np.ndarray, cameras: Cameras):
    """Rays against every triangle (Moeller and Trumbore 1997) -> depth and triangle of each pixel, and
    whether the decision was clear."""
    view = cameras.world_to_camera[0].double().numpy()
    intrinsics = cameras.intrinsics[0].double().numpy()
    points = vertices.astype(np.float64) @ view[:3, :3].T + view[:3, 3]
    ys, xs = np.mgrid[: cameras.height, : cameras.width] + 0.5
    rays = np.stack([xs, ys, np.ones_like(xs)], -1) @ np.linalg.inv(intrinsics).T
    depth = np.full(xs.shape, np.inf)
    second = np.full(xs.shape, np.inf)
    ids = np.full(xs.shape, -1)
    clear = np.ones(xs.shape, bool)
    for index, (a, b, c) in enumerate(triangles):
        edge1, edge2 = points[b] - points[a], points[c] - points[a]
        cross = np.cross(rays, edge2)
        det = cross @ edge1
        with np.errstate(divide="ignore", invalid="ignore"):
            u = (cross @ -points[a]) / det
            q = np.cross(-points[a], edge1)
            v = (rays @ q) / det
            t = (edge2 @ q) / det
            inside = (u >= 0) & (v >= 0) & (u + v <= 1) & (t >= 0.01)
            clear &= ~((np.minimum(np.minimum(abs(u), abs(v)), abs(1 - u - v)) < 1e-6) & np.isfinite(t))
        nearer = inside & (t < depth)
        second = np.where(nearer, depth, np.where(inside, np.minimum(second, t), second))
        depth = np.where(nearer, t, depth)
        ids = np.where(nearer, index, ids)
    with np.errstate(invalid="ignore"):
        clear &= ~(second - depth < 1e-9)
    return np.where(ids >= 0, depth, 0), ids, clear


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 9999), width=st.integers(1, 40), height=st.integers(1, 40), near=st.booleans())
def test_matches_rays_against_every_triangle(seed: int, width: int, height: int, near: bool):
    """`near` puts the camera among the triangles, so that some cross its plane."""
    rng = np.random.default_rng(seed)
    vertices = rng.normal(size=(20, 3)).astype(np.float32) * 0.1
    triangles = rng.integers(0, 20, (25, 3))
    cameras = Cameras.look_at(
        (0.05, 0.0, 0.12 if near else 1.0), width=width, height=height, vertical_fov=0.5
    )
    depth, ids, clear = brute_force(vertices, triangles, cameras)
    raster = rasterize_mesh(torch.from_numpy(vertices), torch.from_numpy(triangles), cameras)
    np.testing.assert_array_equal(raster.triangle_ids[0].numpy()[clear], ids[clear])
    np.testing.assert_allclose(raster.depth[0].numpy()[clear], depth[clear], rtol=1e-5)


def grid(size: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    """A square of 0.2 m facing +Z, 2 size^2 triangles."""
    axis = torch.linspace(-0.1, 0.1, size + 1)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    vertices = torch.stack([x, y, torch.zeros_like(x)], -1).reshape(-1, 3)
    corner = (torch.arange(size)[:, None] * (size + 1) + torch.arange(size)).reshape(-1)
    right, up = corner + 1, corner + size + 1
    return vertices, torch.cat([torch.stack([corner, right, up], -1), torch.stack([right, up + 1, up], -1)])


def test_neighbours_leave_no_gap_even_on_pixel_centres():
    vertices, triangles = grid(8)
    cameras = Cameras.look_at((0.0, 0.0, 1.0), width=40, height=40, vertical_fov=2 * np.arctan(0.1))
    raster = rasterize_mesh(vertices, triangles, cameras)
    assert bool(raster.mask.all())
    shifted = cameras.crop(0, 0, 40, 40)
    shifted.intrinsics[:, :2, 2] += 0.5  # vertices fall on pixel centres now
    assert bool(rasterize_mesh(vertices, triangles, shifted).mask[0, 1:, 1:].all())


def test_interpolation_is_perspective_correct():
    vertices, triangles = grid()
    tilt = torch.tensor([[1.0, 0, 0], [0, 0.5, -0.8], [0, 0.8, 0.5]])
    vertices = vertices @ tilt.T
    cameras = Cameras.look_at((0.1, 0.0, 0.4), width=50, height=40, vertical_fov=0.7)
    raster = rasterize_mesh(vertices, triangles, cameras)
    positions = raster.interpolate(vertices)
    pixels, depths = cameras.project(positions[raster.mask])
    rows, columns = torch.nonzero(raster.mask[0], as_tuple=True)
    assert torch.allclose(pixels[0], torch.stack([columns, rows], -1) + 0.5, atol=1e-3)
    assert torch.allclose(depths[0], raster.depth[raster.mask], atol=1e-6)
    assert torch.allclose(raster.barycentric[raster.mask].sum(-1), torch.ones(len(rows)), atol=1e-5)


def test_corners_of_their_own_as_texture_coordinates_have():
    vertices, triangles = grid(1)
    uv = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    raster = rasterize_mesh(vertices, triangles, Cameras.look_at((0.0, 0.0, 1.0), width=30, height=30))
    picture = raster.interpolate(uv, torch.tensor([[0, 1, 2], [3, 4, 5]]))
    expected = (raster.interpolate(vertices)[..., :2] + 0.1) / 0.2
    assert torch.allclose(picture[raster.mask], expected[raster.mask], atol=1e-5)
    with pytest.raises(EmogaError, match="1 triangles given, but 2 were drawn"):
        raster.interpolate(uv, torch.tensor([[0, 1, 2]]))


def test_interpolation_is_differentiable_in_its_values():
    vertices, triangles = grid(2)
    raster = rasterize_mesh(vertices, triangles, Cameras.orbit([0.0, 0.5], width=20, height=20))
    values = torch.ones(len(vertices), 1, requires_grad=True)
    raster.interpolate(values).sum().backward()
    assert values.grad is not None
    assert float(values.grad.sum()) == pytest.approx(float(raster.mask.sum()), rel=1e-5)


def test_labels_take_the_nearest_corner():
    vertices, triangles = grid(1)
    raster = rasterize_mesh(vertices, triangles, Cameras.look_at((0.0, 0.0, 1.0), width=41, height=41))
    labels = raster.labels(torch.tensor([10, 11, 12, 13]))[0]
    rows, columns = torch.nonzero(raster.mask[0], as_tuple=True)
    top, bottom, left, right = rows.min(), rows.max(), columns.min(), columns.max()
    corners = [labels[bottom, left], labels[bottom, right], labels[top, left], labels[top, right]]
    assert [int(label) for label in corners] == [10, 11, 12, 13]
    assert bool((labels[~raster.mask[0]] == -1).all())


def test_normals_face_out_and_backfaces_can_be_left_out():
    vertices, triangles = grid()
    front = Cameras.orbit(0.0, width=20, height=20)
    raster = rasterize_mesh(vertices, triangles, front, cull_backfaces=True)
    assert bool(raster.mask.any())
    normals = raster.normals(vertices)[raster.mask]
    assert torch.allclose(normals, torch.tensor([0.0, 0.0, 1.0]).expand_as(normals))
    behind = Cameras.orbit(np.pi, width=20, height=20)
    assert bool(rasterize_mesh(vertices, triangles, behind).mask.any())
    assert not bool(rasterize_mesh(vertices, triangles, behind, cull_backfaces=True).mask.any())


def test_vertex_normals_of_a_sphere():
    generator = torch.Generator().manual_seed(0)
    from scipy.spatial import ConvexHull

    points = torch.nn.functional.normalize(
        torch.randn(3000, 3, generator=generator, dtype=torch.float64), dim=-1
    )
    triangles = torch.from_numpy(ConvexHull(points.numpy()).simplices.astype(np.int64))
    a, b, c = (points[triangles[:, k]] for k in range(3))
    inward = (torch.linalg.cross(b - a, c - a) * a).sum(-1) < 0
    triangles[inward] = triangles[inward].flip(-1)
    normals = vertex_normals(points, triangles)
    assert float((normals * points).sum(-1).min()) > 0.98
    assert torch.equal(vertex_normals(points.expand(2, -1, -1), triangles)[1], normals)


def test_no_triangles():
    raster = rasterize_mesh(
        torch.zeros(0, 3), torch.zeros(0, 3).long(), Cameras.orbit(0.0, width=4, height=3)
    )
    assert not raster.mask.any() and raster.interpolate(torch.zeros(0, 2)).shape == (1, 3, 4, 2)


@pytest.mark.parametrize(
    ("vertices", "triangles", "message"),
    [
        (torch.zeros(4, 2), torch.zeros(1, 3).long(), "vertices have shape"),
        (torch.zeros(4, 3), torch.zeros(1, 4).long(), "triangles have shape"),
        (torch.zeros(4, 3), torch.tensor([[0, 1, 4]]), "run from 0 to 4, but there are 4"),
        (torch.full((4, 3), torch.nan), torch.tensor([[0, 1, 2]]), "not finite"),
    ],
)
def test_wrong_meshes(vertices, triangles, message):
    with pytest.raises(EmogaError, match=message):
        rasterize_mesh(vertices, triangles, Cameras.orbit(0.0, width=4, height=4))
