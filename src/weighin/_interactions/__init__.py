"""Which features act together: superset importance of pairs, total indices, surfaces."""
