"""Enterprise Gateway's side."""
