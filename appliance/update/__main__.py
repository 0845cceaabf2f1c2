"""The service `rtvbox-update`."""

from __future__ import annotations

from appliance.update.daemon import main

raise SystemExit(main())
