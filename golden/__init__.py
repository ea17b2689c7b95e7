"""Everything a fixed set of runs gives, kept bit by bit, to tell whether a change of the code changes numbers or texts.

``python -m golden save FILE`` writes it, ``python -m golden compare FILE`` runs again and says what differs. A file
holds for the machine and the installed packages it was made with: other processors round otherwise.
"""
