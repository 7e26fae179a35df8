"""Trainings of what an attacker brings along, a file each: its settings start a trainee, which learns batch by batch.

What both can do stands in `contract.py`; who feeds, keeps and ships a trainee is `leaklab.experiments.pretraining`.
"""
