"""Cards and panels: how pictures enter and leave a box.

Nothing here knows of DICOM, of networks or of any other room of the appliance. `video` says what
a format, a frame, a source and a sink are; each further folder is one card family, and each
family is its own native module, so that a missing vendor library takes nothing else with it.
"""
