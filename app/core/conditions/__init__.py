"""Condition categories: what they contain, which dominates which, which may not be assessed in an office as current."""
