"""``python -m ferbook.cli`` is ``ferbook``."""

from ferbook.cli import main

raise SystemExit(main())
