"""What a doctor says of a service: `examination` looks, all else here only judges."""
