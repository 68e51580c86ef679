"""What people enter, a type each: `text` and `bounds` say what is taken, once for every door;
`columns` are the database's fields, `forms` those of forms."""
