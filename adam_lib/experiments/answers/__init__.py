"""The keys of exercises and predictions, a file for each chapter; ``judge`` reads them."""
