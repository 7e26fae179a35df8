"""Runs: every run that may be seen, and examples that ship, to find, watch, open again, compare, export or delete."""

from leaklab.ui import gallery, session, words

session.begin("runs")
words.lead("runs")
gallery.show_all()
words.tell("runs", "When would this not work?")
