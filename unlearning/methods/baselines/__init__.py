"""The methods that the four systems are compared with."""
