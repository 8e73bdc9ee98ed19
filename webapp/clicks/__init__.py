"""The way of a click: what counts, where it leads, what is kept of it, and how it is stored."""
