"""What makes and checks the book: notebooks/, site/, library/."""
