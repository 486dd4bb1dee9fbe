"""The main job: one market priced by every engine there is, beside what the answer should be."""

from jaxprice.cli.demo.picture import draw
from jaxprice.cli.demo.rows import convergence_rows, rows
from jaxprice.cli.demo.run import N_PATHS, SIZES, Convergence, Estimate, Outcome, Row, converge, run

__all__ = [
    "N_PATHS", "SIZES", "Convergence", "Estimate", "Outcome", "Row", "converge", "convergence_rows", "draw", "rows",
    "run",
]  # fmt: skip
