"""What must hold of all code, models, texts and docs: each test walks everything, so that new things fall under it."""
