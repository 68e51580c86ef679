"""What every answer over HTTP carries, how much one person may ask for, and the checks of both."""
