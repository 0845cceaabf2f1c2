"""Any video file, image sequence or multi-frame DICOM object as an SDI source."""
