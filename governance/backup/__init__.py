"""The whole database as one file that proves itself, and the way back.

`making` writes a backup, `restoring` brings one back, `archive` is the file, `manifest` what it says
of itself, `sqlite` and `postgresql` do what differs, `rotation` says which old ones may go.
"""
