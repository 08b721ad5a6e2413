"""Fakes and small worlds for tests."""
