"""What `rtvbox tx --help` says below its options."""

EPILOG = """examples:
  rtvbox tx --source synthetic --format 1080p50 --interface eth0 \\
      --video 239.1.1.1:5000 --metadata 239.1.1.2:5002 --static patient.json --sdp-out flow.sdp
  rtvbox tx --source file:operation.mp4 --format 1080p50 --interface eth0 \\
      --video 239.1.1.1:5000 --metadata 239.1.1.2:5002 \\
      --second-path eth1:239.2.1.1:5000:239.2.1.2:5002 --sender-type NL --static patient.json

Pictures of --source file:PATH, which begin again at their end: a video; a DICOM object; one image;
a folder of images, or a glob in quotes, 'file:shots/*.png', in natural order (2 before 10). Images
are shown at --picture-rate a second (default 25).

Lines of --dynamic, one JSON object each, at most 4096 octets; what is not given is not changed:
  viewpoint, look_at       [x, y, z] of the camera and of a point ahead of it, mm in the flow's
                           Frame of Reference
  up                       [x, y, z], the direction that is up in the picture
  field_of_view            [left, right, top, bottom, near, far], mm; these four only together
  imaging_subject          true or false: Includes Imaging Subject (0034,0008)
  information              true or false: Includes Information (0034,000C)
  tai                      ns of TAI at which the values held; without it, when they are read
  {"viewpoint": [0, 0, 0], "look_at": [0, 0, 100], "up": [0, 1, 0],
   "field_of_view": [-20, 20, 15, -15, 5, 200], "imaging_subject": true}        (on one line)
A camera position is sent for a second, the two answers until others come.

The patient file is read again on SIGHUP: from the next frame on the flow is another SOP instance.
Faults, for a pretend card: NAME[=VALUE][@FRAME[+FRAMES]],...  loss black freeze drift=PPM
format=NAME unplug restore replug; for example --fault loss@250+50,drift=100."""
