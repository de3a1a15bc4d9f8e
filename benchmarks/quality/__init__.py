"""How well the estimators predict, and what that costs."""
