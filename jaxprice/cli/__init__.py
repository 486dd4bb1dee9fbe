"""The command line: the application that stands on the library. See `arguments` for the commands."""

from jaxprice.cli.arguments import Demo, Doctor, Price, main, parse

__all__ = ["Demo", "Doctor", "Price", "main", "parse"]
