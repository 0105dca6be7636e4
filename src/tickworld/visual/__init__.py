"""Pictures, video, plots and the report page. Everything here takes numpy arrays and plain records and knows nothing of
games, networks or runs; matplotlib is imported here only, and only when a plot is drawn."""
