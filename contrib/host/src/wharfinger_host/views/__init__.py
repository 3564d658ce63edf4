"""What the commands show, made of records that have already been worked out."""
