"""What `regbridge new-plugin` writes: a package of a plugin, complete and tested."""
