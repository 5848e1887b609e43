"""HTTP: flows and their drivers, request bodies, retries, downloads, and the rules on what may be opened."""
