"""Time and memory: figures that `--against` compares between two checkouts."""
