"""The pages of the desk: home per role, and the administrator's people, units and keys."""
