"""A Protech service such as the first user has, for tests and demonstrations."""
