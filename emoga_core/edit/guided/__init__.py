"""The parts of the editor that draws from the mesh: target pose, dense flow, light, wrinkles and blush."""
