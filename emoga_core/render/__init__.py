"""Drawing: Gaussians and cameras, the differentiable splat rasteriser, and a z-buffer for meshes."""

from emoga_core.render.cameras import Cameras
from emoga_core.render.gaussians import Gaussians
from emoga_core.render.mesh_raster import MeshRaster, rasterize_mesh, vertex_normals
from emoga_core.render.raster_info import RasterInfo
from emoga_core.render.rasterize import rasterize, rasterize_splats
from emoga_core.render.sh import evaluate_sh
from emoga_core.render.splats import SplatFrame, SplatGradients, draw_splats, splat_gradients

__all__ = [
    "Cameras",
    "Gaussians",
    "MeshRaster",
    "RasterInfo",
    "SplatFrame",
    "SplatGradients",
    "draw_splats",
    "evaluate_sh",
    "rasterize",
    "rasterize_mesh",
    "rasterize_splats",
    "splat_gradients",
    "vertex_normals",
]
