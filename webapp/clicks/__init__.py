"""The way of a click: what counts, where it leads, and the visitor's cookie."""
