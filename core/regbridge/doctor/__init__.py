"""What is wrong with an installation, and a bundle of it for who is asked to help."""
