"""What is in the account: looked up, compared with mappings, chosen from, made, examined."""
