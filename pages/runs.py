"""Runs: every run that may be seen, to open again, compare, export or delete."""

from leaklab.ui import gallery, session, words

session.begin("runs")
words.lead("runs")
gallery.show_all()
