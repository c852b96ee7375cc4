"""What the doors need from outside, as `typing.Protocol`s. Adapters fulfil them; nothing here does anything."""
