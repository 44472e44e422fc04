"""What experiments need: problems, data, models, runs, figures, and a page's judge."""
