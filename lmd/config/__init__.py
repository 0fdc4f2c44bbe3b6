"""The TOML file: schema, loading and cross-field checks."""
