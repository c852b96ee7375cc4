"""One file a rule of abuse that is not about passwords."""
