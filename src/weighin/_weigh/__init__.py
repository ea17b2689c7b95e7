"""The steps of weighing: arguments checked, rows told apart, how much work, answers put together."""
