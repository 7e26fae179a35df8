"""Attacks that solve equations instead of searching: exact where they apply, and a refusal in a sentence where not."""
