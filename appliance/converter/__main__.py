"""`python -m appliance.converter`"""

import sys

from appliance.converter.daemon import main

sys.exit(main())
