"""What is held about people: who holds it, what must be kept, what was erased, and under which key it stands."""
