"""What the workflow does, timed against what one would run otherwise: `benchmarks/run.py`."""

import sys
from pathlib import Path

LIBRARY = Path(__file__).parents[1] / "workflow/scripts"
if str(LIBRARY) not in sys.path:
    sys.path.insert(0, str(LIBRARY))
