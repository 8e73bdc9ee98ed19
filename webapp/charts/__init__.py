"""Charts: rows in, a Plotly figure as plain data out. One file per chart."""
