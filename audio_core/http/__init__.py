"""How it goes over the line: flows, their drivers, bodies, retries, and what may be opened."""
