"""Doors of this slice: for the public, for one person by their link, and for those who answer."""
