"""How SFMC is talked to: its calls by REST and SOAP, and its replies, read."""
