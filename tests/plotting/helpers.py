"""Names that are long, and texts that overlap."""


def overlapping(texts):
    """Pairs of texts that cover each other."""
    boxes = [t.get_window_extent() for t in texts if t.get_text() and t.get_visible()]
    return [
        (i, j)
        for i in range(len(boxes))
        for j in range(i)
        if boxes[i].overlaps(boxes[j])
    ]


def long_names(n):
    return [f"measurement_of_the_quantity_number_{i}" for i in range(n)]
