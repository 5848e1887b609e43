"""What can be asked of a gateway, one file an operation, written as flows."""
