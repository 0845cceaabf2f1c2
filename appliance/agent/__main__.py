"""`python -m appliance.agent`"""

import sys

from appliance.agent.daemon import main

sys.exit(main())
