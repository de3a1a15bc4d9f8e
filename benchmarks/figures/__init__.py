"""One module a figure, named after the benchmark that it draws."""
