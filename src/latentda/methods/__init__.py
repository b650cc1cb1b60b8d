"""The methods by name, each one declaration."""
