"""Is this an Adam?  Tests that take anyone's optimizer and name its bug."""
