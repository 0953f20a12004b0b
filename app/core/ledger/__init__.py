"""What people did about flags, what of it left, and what came of it: our own record. Pure, as all of `app.core`."""
