"""`python -m appliance` is the `rtvbox` command."""

from __future__ import annotations

from appliance.cli import main

raise SystemExit(main())
