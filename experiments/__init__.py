"""One short script per published table or claim; `python -m experiments` lists them."""
