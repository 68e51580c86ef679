"""Accounts and the people behind them."""
