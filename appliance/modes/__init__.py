"""One file for each converter mode: builds its pipeline from plain values.

What an output shows when the box is given something else to do, on purpose:

- rx → rx, same card and format: the old flow, live, until the new one delivers, two seconds at
  most; then the new one, or its banner that nothing comes.
- rx → rx, another card or format: nothing; two frames after the output was opened the banner that
  nothing comes, until pictures do.
- idle → rx, tx → rx, power on: the same. A card that the mode of before still holds is tried again
  every second.
- rx → idle, rx → tx, a converter that ends: nothing. No picture stays that is not live.

Nothing is black (DeckLink, AJA), or a monitor without signal (DRM); a V4L2 output shows what its
driver makes of a stream that has ended. A converter that is killed closes no card: DeckLink cards
are told beforehand to go black by themselves; an AJA card repeats its last picture until a receiver
opens it again, which systemd sees to within about a second.
"""
