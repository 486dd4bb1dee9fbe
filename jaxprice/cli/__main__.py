"""`python -m jaxprice.cli` is `jaxprice`."""

import sys

from jaxprice.cli.arguments import main

sys.exit(main())
