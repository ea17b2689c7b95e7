"""Columns that go together: associations, clusters, and shuffles that leave the data."""

from weighin._company._company import auto_groups, company, off_data
from weighin._company._result import Company

__all__ = ["Company", "auto_groups", "company", "off_data"]
