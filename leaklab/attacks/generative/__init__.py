"""What an attacker brings along: networks that were trained on other pictures, and how they are asked."""
