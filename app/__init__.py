"""The composition root. Imports stay inside functions, or `import app.core` would load Flask, Authlib and fhirclient."""
