"""What the tables say of themselves, one rst file each."""
