"""SQLite engine: the file, its writer, backups of it, and files that somebody has changed."""
