"""The operations of a gateway, each in a file of its own, written as flows."""
