"""`python -m appliance.net`"""

import sys

from appliance.net.daemon import main

sys.exit(main())
