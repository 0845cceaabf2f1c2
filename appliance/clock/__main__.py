"""`python -m appliance.clock`"""

import sys

from appliance.clock.daemon import main

sys.exit(main())
