"""The built site: browser checks, explorables, links, PDF, card."""
