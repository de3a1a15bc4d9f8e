"""The tables, one csv file each."""
