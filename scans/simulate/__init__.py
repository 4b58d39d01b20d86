"""Paper that never was: forms, pens, scanners and frauds, with the truth written down.

For the demo, calibration and the accuracy lab. Nothing here reads scans; the frauds are
simulations, because no public set of physically altered forms exists.
"""
