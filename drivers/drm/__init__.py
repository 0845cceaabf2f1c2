"""Monitors as outputs: atomic mode setting through the kernel's own interface.

A frame is shown from a vblank on, whole; the kernel's page-flip event says when. Nothing steers a
monitor's clock: where its refresh is not the flow's rate, pictures slip, and that is counted,
measured in ppm and predicted.

Phase, and what it costs. A picture waits from its due time (origin and link offset) plus the lead
(the measured cost of bringing it into display memory, the third worst of the last 256 to 512
pictures) for the next vblank:

- Refresh at the flow's rate or a multiple: the wait lies between 0 and one refresh, 0..20 ms at
  50 Hz, 0..16.7 ms at 60 Hz (10 and 8.3 ms on average over starts), and an eighth of a refresh
  more before it slips. Where in there is chance: when the monitor was lit. It stays (spread: the
  jitter of the stamps) until the two clocks have drifted apart by one refresh, 400 s at 50 Hz and
  50 ppm; then one picture is repeated or left out, and the wait jumps by one refresh.
- Another rate: the wait sweeps through the whole refresh, so the spread is one refresh (16.7 ms
  for 50 pictures on 60 Hz, 10 repeats a second). The issue output-refresh says so.
- No vblanks counted (virtio-gpu): committed at the due time by our own clock; what the glass adds
  is not known.

What is done: the deadline is steered, not the monitor. Each picture gets its vblank before it is
committed; one that lies near an edge keeps its distance in refreshes to the one before it, with
the band of an eighth, so that jitter does not make pictures alternate between two vblanks; the lead
follows the measured cost. The phase itself is not moved: no interface of the kernel shifts a
refresh. `wait_ns` with its least and most is what the phase costs now.

VRR (DisplayPort Adaptive-Sync, HDMI VRR): where the connector says `vrr_capable` and the CRTC has
`VRR_ENABLED`, it is switched on for flows within the monitor's range and with a mode that has 2 %
of room above the flow (`following` in mode_choice.hpp decides). Then the refresh waits for the
picture: the flip is committed at due plus lead, the wait is what the driver takes from there to the
raster's start, the same for all pictures, and nothing slips. Slower flows (24 to 30 pictures a
second on most monitors) keep a fixed multiple, where the wait is at least known. A monitor that
follows has not been seen: vkms with the property added takes it, and refreshes when it always does.
"""

from drivers.drm.place import Connector, choose_connector, connectors
from drivers.drm.sink import DrmSink, Shown

__all__ = ["Connector", "DrmSink", "Shown", "choose_connector", "connectors"]
