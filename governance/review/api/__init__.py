"""Review over REST, by noun."""
