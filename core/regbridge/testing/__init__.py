"""The plugin author's kit: messages as Cvent sends them."""
