"""Text over the picture: which metadata stands in which of nine zones, and its raster."""
