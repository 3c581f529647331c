"""Where functions live: grids, clouds and meshes, and regions with boundaries in named parts."""

from fredholm.domains.axis import Axis
from fredholm.domains.cylinder import Cylinder
from fredholm.domains.domain import Domain
from fredholm.domains.evaluation import evaluated
from fredholm.domains.geometry import (
    Ball,
    Boundary,
    Box,
    Disk,
    Ellipse,
    Interval,
    Polygon,
    Rectangle,
    Region,
    joined,
)
from fredholm.domains.grid import Grid
from fredholm.domains.meshes.boundary_weights import boundary_weights
from fredholm.domains.meshes.mesh import Mesh, mesh_edges
from fredholm.domains.meshes.mesh_checks import Repaired, check_mesh, repaired
from fredholm.domains.meshes.mesh_transfer import transfer, transfer_error
from fredholm.domains.meshes.meshing import mesh_region
from fredholm.domains.meshes.morphing import on_disk
from fredholm.domains.meshes.p1_levels import Level, p1_levels
from fredholm.domains.meshes.refinement import mesh_of_grid, refined
from fredholm.domains.points.boundary_points import boundary_distances, wall
from fredholm.domains.points.coarsening import coarse_cloud, coarse_levels, farthest_points
from fredholm.domains.points.delaunay import delaunay_cells, delaunay_edges
from fredholm.domains.points.features import shape_features
from fredholm.domains.points.grid_points import scattered_of, unordered
from fredholm.domains.points.kd_boxes import kd_boxes
from fredholm.domains.points.neighbours import (
    batched_cross_edges,
    batched_edges,
    cross_edges,
    edge_vectors,
    nearest_edges,
    radius_edges,
)
from fredholm.domains.points.point_cloud import PointCloud
from fredholm.domains.points.point_weights import neighbour_weights, voronoi_weights
from fredholm.domains.points.regional import Regions, region_edges, regions
from fredholm.domains.points.stack import Stack, stacked
from fredholm.domains.points.unstructured import Unstructured
from fredholm.domains.scattered import Scattered
from fredholm.domains.spacetime import behind_time_of, described, over_time, space_of, time_of
from fredholm.domains.transfer import interpolation_matrix, resample

__all__ = [
    "Axis",
    "Ball",
    "Boundary",
    "Box",
    "Cylinder",
    "Disk",
    "Domain",
    "Ellipse",
    "Grid",
    "Interval",
    "Level",
    "Mesh",
    "PointCloud",
    "Polygon",
    "Rectangle",
    "Region",
    "Regions",
    "Repaired",
    "Scattered",
    "Stack",
    "Unstructured",
    "batched_cross_edges",
    "batched_edges",
    "behind_time_of",
    "boundary_distances",
    "boundary_weights",
    "check_mesh",
    "coarse_cloud",
    "coarse_levels",
    "cross_edges",
    "delaunay_cells",
    "delaunay_edges",
    "described",
    "edge_vectors",
    "evaluated",
    "farthest_points",
    "interpolation_matrix",
    "joined",
    "kd_boxes",
    "mesh_edges",
    "mesh_of_grid",
    "mesh_region",
    "nearest_edges",
    "neighbour_weights",
    "on_disk",
    "over_time",
    "p1_levels",
    "radius_edges",
    "refined",
    "region_edges",
    "regions",
    "repaired",
    "resample",
    "scattered_of",
    "shape_features",
    "space_of",
    "stacked",
    "time_of",
    "transfer",
    "transfer_error",
    "unordered",
    "voronoi_weights",
    "wall",
]
