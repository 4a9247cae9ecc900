"""The web server that Cvent posts to."""
